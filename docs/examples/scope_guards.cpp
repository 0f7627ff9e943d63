// Scope guards: clean-up that runs always, on an exception, or on any error; and what their lambdas see.
#include <zigmund/alloc.hpp>

#include <cstdio>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

using namespace zigmund::alloc;

struct Connection {
    bool reachable;
    Result<void> handshake() const {
        if (!reachable) return std::unexpected(Error::out_of_memory);
        return {};
    }
};

// Errors are returned: an ErrScope undoes on each way out but scope.ok().
Result<Connection*> connect(Allocator a, bool reachable) {
    ErrScope scope;
    auto* connection = ZIGMUND_TRY(a.try_create<Connection>(reachable));
    auto undo = scope.errdefer([&] {
        std::puts("undo");
        a.destroy(connection);
    });
    ZIGMUND_TRY(connection->handshake());
    return scope.ok(connection);
}

// Errors are exceptions: errdefer needs no scope.
Connection* connect_or_throw(Allocator a, bool reachable) {
    auto* connection = a.create<Connection>(reachable);
    auto undo = errdefer([&] {
        std::puts("undo");
        a.destroy(connection);
    });
    if (!reachable) throw std::string("unreachable");
    return connection;
}

// What was built in an arena: a Transaction rewinds it.
struct Tree {
    std::string_view text;
    Tree* parent = nullptr;
};

Result<Tree*> parse_tree(Arena& arena, std::string_view text) {
    auto* root = ZIGMUND_TRY(arena.allocator().try_create<Tree>(text));
    if (!text.ends_with(')')) return std::unexpected(Error::out_of_memory);
    return arena.allocator().try_create<Tree>(text.substr(1), root);
}

Result<Tree*> parse(Arena& arena, std::string_view text) {
    Transaction transaction = arena.transaction();
    Tree* tree = ZIGMUND_TRY(parse_tree(arena, text));  // an error: everything it built is freed
    transaction.commit();                               // success: everything stays
    return tree;
}

// A reference sees the variable as it is when the guard runs, a copy as it was when the guard was made.
void captures() {
    int n = 1;
    auto by_reference = defer([&n] { std::printf("reference: %d\n", n); });
    auto by_copy = defer([n] { std::printf("copy: %d\n", n); });
    n = 2;
}

// A copy of a pointer that is set later is a copy of null: capture the variable.
void pointer_set_later(Allocator a) {
    int* n = nullptr;
    auto cleanup = defer([&] { a.destroy(n); });  // [=] would destroy null, and leak
    n = a.create<int>(3);
    std::printf("set later: %d\n", *n);
}

// Guards and locals die in reverse order: what a guard uses is declared before it.
void declared_before() {
    const std::string name = "journal";
    auto guard = defer([&] { std::printf("close %s\n", name.c_str()); });
    // A string that is declared here is gone when the guard runs.
}

// What was moved from is empty when the guard runs: keep what the clean-up needs in a variable of its own.
Result<std::unique_ptr<int>> moved_from(bool success) {
    ErrScope scope;
    auto owned = std::make_unique<int>(4);
    auto undo = scope.errdefer([value = *owned] { std::printf("was %d\n", value); });
    auto passed_on = std::move(owned);
    if (!success) return scope.fail(Error::out_of_memory);
    return scope.ok(std::move(passed_on));  // without std::move it would be a copy
}

// The owner may change its mind.
void dismissed() {
    auto guard = defer([] { std::puts("never"); });
    guard.dismiss();
}

int main() {
    const Allocator a = heap();

    std::printf("connected: %d\n", connect(a, false).has_value());
    if (const auto connection = connect(a, true)) {
        std::puts("connected");
        a.destroy(*connection);
    }
    try {
        connect_or_throw(a, false);
    } catch (const std::string& why) {
        std::puts(why.c_str());
    }
    a.destroy(connect_or_throw(a, true));

    Arena arena;
    for (const std::string_view text : {"(unfinished", "(whole)"}) {
        const bool parsed = parse(arena, text).has_value();
        std::printf("parsed: %d, the arena %s\n", parsed,
                    arena.bytes_used() == 0 ? "is empty" : "holds a tree");
    }

    captures();
    pointer_set_later(a);
    declared_before();
    std::printf("moved: %d\n", moved_from(false).has_value());
    std::printf("moved: %d\n", **moved_from(true));
    dismissed();
}
