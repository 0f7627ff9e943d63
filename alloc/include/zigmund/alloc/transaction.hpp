// Transaction: errdefer for all the memory of an arena.
//
//     Result<Tree*> parse(Arena& arena, std::string_view text) {
//         Transaction transaction = arena.transaction();
//         Tree* tree = ZIGMUND_TRY(parse_tree(arena, text));   // an error: everything it built is freed
//         transaction.commit();                                // success: everything stays
//         return tree;
//     }
//
// However the scope is left without commit(), the arena is rewound to where it was: by return, by an
// exception, by break. It is a savepoint (<zigmund/alloc/savepoint.hpp>): it nests with others, is closed in
// their order, and is a floor while it is open.
//
// Threads: those of the arena, one at a time. Cost: that of a savepoint. Never: allocates.
#pragma once

#include <zigmund/alloc/export.hpp>
#include <zigmund/alloc/savepoint.hpp>

namespace zigmund::alloc::inline v0 {

class ZIGMUND_EXPORT [[nodiscard]] Transaction {
  public:
    /// The same as arena.transaction().
    explicit Transaction(ArenaBase& arena) noexcept;
    Transaction(const Transaction&) = delete;
    Transaction& operator=(const Transaction&) = delete;
    /// Frees what was allocated since, unless it was committed. O(chunks and destructors since).
    ~Transaction();

    /// What was allocated since stays, and belongs to the enclosing savepoint if there is one. Once only;
    /// a second call ends the program, as closing a savepoint twice does. O(1).
    void commit() noexcept;

  private:
    ArenaBase& arena_;
    Savepoint savepoint_;
    bool open_ = true;
};

}  // namespace zigmund::alloc::inline v0
