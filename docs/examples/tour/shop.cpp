// Dependencies: a database that the application opens when it starts, a transaction for each request that
// commits or rolls back, who is asking, and what is done when the answer is out.
#include <array>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <vector>

#include "tour.hpp"

namespace tour {
namespace {

/// In place of a real one.
struct Database {
    std::mutex mutex;
    std::array<int, 3> stock{5, 0, 1'000'000};
};

/// Opened at the application's start, closed at its end.
inject::Scoped<Database> open_database(inject::State<Settings> settings, alloc::Allocator) {
    note(*settings, "database opened");
    Database database;
    co_yield database;
    note(*settings, "database closed");
}

/// Changes that become visible all at once, or not at all.
class Transaction {
  public:
    Transaction(Database& database, alloc::Allocator arena) : database_{database}, taken_{arena} {}

    [[nodiscard]] int stock(std::size_t item) {
        const std::lock_guard lock{database_.mutex};
        return item < database_.stock.size() ? database_.stock[item] : 0;
    }
    void take(std::size_t item) { taken_.push_back(item); }
    void commit() {
        const std::lock_guard lock{database_.mutex};
        for (const std::size_t item : taken_) --database_.stock[item];
    }

  private:
    Database& database_;
    std::pmr::vector<std::size_t> taken_;
};

/// For each request that asks for it. The handler runs where co_yield stands; if it fails, co_yield throws.
inject::Scoped<Transaction> get_transaction(inject::Depends<open_database, inject::AppScope> database,
                                            inject::State<Settings> settings, alloc::Allocator arena) {
    alloc::ErrScope scope;
    Transaction transaction{*database, arena};
    auto undo = scope.errdefer([&] { note(*settings, "rolled back"); });
    co_yield transaction;
    transaction.commit();
    note(*settings, "committed");
    scope.ok();
}

/// Who asks; a dependency may refuse the request.
/// A class, made of what its fields ask for.
struct Page {
    http::Query<int, "offset", http::Default<0>, http::Ge<0>, http::Le<1000>> offset;
    http::Query<int, "limit", http::Default<2>, http::Le<3>> limit;
};

/// Torn down before the answer leaves, and so able to change it.
inject::Scoped<int> check_limits(alloc::Allocator) {
    int bought = 0;
    co_yield bought;
    if (bought > 10) throw http::HttpError{http::Status::conflict, "Too many at once"};
}

http::Response buy(http::Path<std::uint32_t, "item"> item,
                   http::Query<int, "count", http::Default<1>, http::Ge<1>> count,
                   inject::Depends<get_customer> customer, inject::Depends<get_transaction> transaction,
                   inject::Depends<check_limits, inject::FunctionScope> bought,
                   inject::State<Settings> settings, http::BackgroundTasks& tasks, alloc::Allocator arena) {
    if (transaction->stock(item) < count) throw http::HttpError{http::Status::conflict, "Not that many left"};
    for (int i = 0; i < count; ++i) transaction->take(item);
    *bought = count;
    tasks.add([](const Settings& to, std::string_view name) { note(to, name); }, std::cref(*settings),
              customer->name);
    return http::Response::json(arena, {{"item", item}, {"count", count}, {"for", customer->name}});
}

http::Response get_stock(inject::Depends<inject::make<Page>> page,
                         inject::Depends<get_transaction> transaction, alloc::Allocator arena) {
    std::pmr::vector<int> stock{arena};
    for (int i = 0; i < page->limit; ++i)
        stock.push_back(transaction->stock(static_cast<std::size_t>(page->offset + i)));
    return http::Response::json(arena, {{"offset", page->offset}, {"stock", stock}});
}

}  // namespace

Customer get_customer(http::Header<std::optional<std::string_view>, "authorization"> token) {
    if (*token != "Bearer secret") throw http::HttpError{http::Status::unauthorized, "Who are you?"};
    return {"ann"};
}

void add_shop(http::App& app) {
    app.post("/shop/{item:int}", buy, {.tags = {"shop"}});
    app.get("/shop", get_stock, {.tags = {"shop"}});
}

}  // namespace tour
