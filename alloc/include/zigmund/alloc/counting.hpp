// Counting: who holds how much memory, by name.
//
//     Counting app{heap(), "app"};
//     Counting routes{app, "routes"};
//     Counting cache{app, "cache", 64 << 20};      // with a budget
//     ...
//     app.print(stderr);
//
//     app: 1536 bytes in 12 blocks, peak 4096, total 9120 in 80 blocks
//       routes: 512 bytes in 4 blocks, peak 512, total 512 in 4 blocks
//       cache: 1024 bytes in 8 blocks, peak 3584, total 8608 in 76 blocks, budget 67108864
//
// A tree: what a child takes is counted there and in every ancestor, and comes from the root's upstream. A
// request that exceeds the budget of any of them is refused before the upstream is asked; one that the
// upstream refuses is counted nowhere. The bytes counted are those asked for, exactly.
//
// Threads: one at a time for a whole tree (put a Locked on top for more, one mutex for all of it). Cost: a
// few additions for each level of the tree and the upstream's verb. Never: allocates on its own account.
#pragma once

#include <zigmund/alloc/allocator.hpp>
#include <zigmund/alloc/export.hpp>

#include <cstddef>
#include <cstdio>
#include <limits>
#include <string_view>

namespace zigmund::alloc::inline v0 {

/// What one Counting has seen, its children included. A resize or remap that succeeds grows or shrinks a
/// block; what it grows by is added to the total bytes, the number of blocks stays.
struct Counts {
    std::size_t live_bytes = 0;    ///< handed out, and not given back
    std::size_t live_blocks = 0;   ///< likewise
    std::size_t peak_bytes = 0;    ///< the most that live_bytes ever was
    std::size_t total_bytes = 0;   ///< ever handed out
    std::size_t total_blocks = 0;  ///< ever handed out

    friend bool operator==(const Counts&, const Counts&) noexcept = default;
};

class ZIGMUND_EXPORT Counting final : public Resource {
  public:
    /// More than there is.
    static constexpr std::size_t no_budget = std::numeric_limits<std::size_t>::max();

    /// The root of a tree, over `upstream`. `name` and the upstream must outlive it.
    explicit Counting(Allocator upstream, std::string_view name = "memory",
                      std::size_t budget = no_budget) noexcept;
    /// A child of `parent`, which must outlive it. What it has not given back when it dies stays counted in
    /// the parent, through which it may still be freed.
    Counting(Counting& parent, std::string_view name, std::size_t budget = no_budget) noexcept;
    /// All its children must be dead.
    ~Counting() override;

    /// The value to pass around. It must not outlive this. A block goes back to the Counting it came from.
    [[nodiscard]] Allocator allocator() noexcept { return *this; }

    /// Of this and all below it, now; the reference follows what comes. O(1).
    [[nodiscard]] const Counts& counts() const noexcept { return counts_; }
    /// As given: the caller's characters.
    [[nodiscard]] std::string_view name() const noexcept { return name_; }
    /// Null for the root.
    [[nodiscard]] const Counting* parent() const noexcept { return parent_; }

    /// Bytes that may be live at a time here and below; no_budget: as many as the parent allows.
    [[nodiscard]] std::size_t budget() const noexcept { return budget_; }
    /// Another budget from now on. One below the live bytes takes nothing back and refuses all growth until
    /// enough was freed.
    void set_budget(std::size_t bytes) noexcept { budget_ = bytes; }

    /// Calls `visitor(counting, depth)` for this (depth 0) and for all below it, a parent before its
    /// children and children in the order they were made.
    template <class Visitor>
    void visit(Visitor&& visitor, std::size_t depth = 0) const {
        visitor(*this, depth);
        for (const Counting* child = first_child_; child != nullptr; child = child->next_)
            child->visit(visitor, depth + 1);
    }

    /// Writes the tree, one line each in the form above, indented by two spaces a level.
    void print(std::FILE* out) const;

  private:
    void* do_try_allocate(std::size_t size, std::size_t align) noexcept override;
    void do_deallocate(void* p, std::size_t size, std::size_t align) noexcept override;
    bool do_resize(void* p, std::size_t old_size, std::size_t align, std::size_t new_size) noexcept override;
    void* do_remap(void* p, std::size_t old_size, std::size_t align, std::size_t new_size) noexcept override;

    [[nodiscard]] bool admits(std::size_t old_size, std::size_t new_size) const noexcept;
    void count_change(std::size_t old_size, std::size_t new_size) noexcept;

    Allocator upstream_;
    std::string_view name_;
    std::size_t budget_;
    Counts counts_;
    Counting* parent_ = nullptr;
    Counting* first_child_ = nullptr;
    Counting* last_child_ = nullptr;
    Counting* previous_ = nullptr;
    Counting* next_ = nullptr;
};

}  // namespace zigmund::alloc::inline v0
