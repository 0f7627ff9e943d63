// Dependencies without a server: a pool for the application, and for each job a transaction that commits or
// rolls back.
#include <zigmund/alloc.hpp>
#include <zigmund/inject.hpp>

#include <cstdio>
#include <exception>
#include <stdexcept>
#include <tuple>

namespace alloc = zigmund::alloc;
namespace inject = zigmund::inject;

struct Settings {
    const char* database;
};

struct Pool {
    const char* database;
};

// Made once, when the application starts.
inject::Scoped<Pool> get_pool(inject::State<Settings> settings, alloc::Allocator) {
    std::printf("open %s\n", settings->database);
    co_yield Pool{settings->database};
    std::printf("close %s\n", settings->database);
}

struct Transaction {
    int written = 0;
};

// Made for each job that asks for it. The job runs where co_yield stands, which throws what the job throws.
inject::Scoped<Transaction> get_transaction(inject::Depends<get_pool, inject::AppScope> pool,
                                            alloc::Allocator) {
    alloc::ErrScope scope;
    std::printf("  begin on %s\n", pool->database);
    Transaction transaction;
    auto undo = scope.errdefer([&] { std::printf("  roll back %d\n", transaction.written); });
    co_yield transaction;
    std::printf("  commit %d\n", transaction.written);
    scope.ok();
}

// A dependency of its own, on the same transaction.
int next_number(inject::Depends<get_transaction> transaction) { return transaction->written + 1; }

void buy(inject::Depends<next_number> number, inject::Depends<get_transaction> transaction, int amount) {
    transaction->written = amount;
    if (amount > 100) throw std::runtime_error("too much");
    std::printf("  number %d: %d\n", *number, amount);
}

using Parameters = inject::Parameters<decltype(buy)>;
using Graph = inject::DependencyGraph<Parameters>;
using Links = inject::SingletonsOf<Graph>;

// What a server does for each of its clients.
void run(int amount, alloc::Arena& arena, const Links& links) {
    inject::Context base{amount, alloc::Allocator{arena}};
    inject::Job job{arena};
    inject::Resolver<Graph, decltype(base)> resolver{base, job, links};
    std::exception_ptr error;
    try {
        std::apply(buy, resolver.arguments<Parameters>());
        job.end_function(error);
        std::printf("  answer sent\n");
    } catch (...) {
        error = std::current_exception();
    }
    job.end(error);
    try {
        if (error != nullptr) std::rethrow_exception(error);
    } catch (const std::exception& failure) {
        std::printf("  answer: %s\n", failure.what());
    }
    arena.reset(alloc::Reset::retain_capacity);
}

int main() {
    alloc::GeneralPurposeAllocator gpa{{.name = "application"}};
    alloc::Arena arena{gpa.allocator()};
    inject::Singletons singletons{gpa.allocator()};
    singletons.provide<Settings>("shop.db");
    // Where a handler is registered, what it uses of the application's is noted; then the application starts.
    const Links links{singletons};
    singletons.start();

    std::printf("buy for 7\n");
    run(7, arena, links);
    std::printf("buy for 700\n");
    run(700, arena, links);

    singletons.stop();
}
