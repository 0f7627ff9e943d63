// The testing tools, without a test framework: which allocation is not survived, what a piece of code
// allocates, what a test leaks, and whether an allocator keeps the contract.
#include <zigmund/alloc.hpp>
#include <zigmund/alloc/testing/allocation_failures.hpp>
#include <zigmund/alloc/testing/conformance.hpp>
#include <zigmund/alloc/testing/leak_check.hpp>
#include <zigmund/alloc/testing/monitored.hpp>

#include <cstddef>
#include <cstdio>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

using namespace zigmund::alloc;
using namespace zigmund::alloc::testing;

struct Message {
    std::string_view subject;
    std::string_view body;
};

// Forgets the subject when there is no memory for the body.
Result<Message> careless(Allocator a) {
    Message message;
    message.subject = ZIGMUND_TRY(a.try_dupe("subject"));
    message.body = ZIGMUND_TRY(a.try_dupe("the body"));
    return message;
}

Result<Message> careful(Allocator a) {
    ErrScope scope;
    Message message;
    message.subject = ZIGMUND_TRY(a.try_dupe("subject"));
    auto undo = scope.errdefer([&] { a.free(message.subject); });
    message.body = ZIGMUND_TRY(a.try_dupe("the body"));
    return scope.ok(message);
}

// Each of the function's allocations fails once, in a process of its own.
void failures() {
    const auto survives = [](Result<Message> (*make)(Allocator)) {
        return check_all_allocation_failures([make](Allocator a) -> Result<void> {
            const Message message = ZIGMUND_TRY(make(a));
            a.free(message.body);
            a.free(message.subject);
            return {};
        });
    };
    const FailureResult good = survives(careful);
    std::printf("careful: %zu allocations, %zu calls, %zu findings\n", good.allocations, good.calls,
                good.findings.size());
    // The text goes on with the stacks of the failure and of the leak.
    for (const FailureFinding& finding : survives(careless).findings)
        std::printf("careless: %s\n", finding.text.substr(0, finding.text.find('\n')).c_str());
}

// What a piece of code allocates, from a point on.
void monitors() {
    Monitored memory{heap(),
                     [](std::string_view) { std::puts("monitored: an allocation where none may be"); }};
    std::pmr::vector<int> numbers{memory.allocator()};
    {
        const auto scope = memory.expect_allocations(1);
        numbers.reserve(100);
    }
    const Monitor since = memory.monitor();
    {
        const auto scope = memory.no_alloc_scope();
        numbers.resize(100);  // fits
        numbers.resize(101);  // does not, and is reported
    }
    std::printf("monitored: %zu allocation, %td blocks more\n", since.allocations(), since.live_blocks());
}

// Around each test, in whatever framework.
void leaks() {
    begin_leak_check("Cache.Evicts");
    void* const forgotten = test_allocator().allocate(24);
    const std::string report = end_leak_check();
    std::printf("leak check: %s\n", report.substr(0, report.find('\n')).c_str());
    test_allocator().deallocate(forgotten, 24);  // too late, and ignored

    begin_leak_check("Cache.Finds");
    test_allocator().deallocate(test_allocator().allocate(24), 24);
    std::printf("leak check: %s\n", end_leak_check().empty() ? "clean" : "leaked");
}

// An allocator of one's own, with the mistake that most have at first: 16 is all the alignment there is.
class Careless final : public Resource {
  public:
    explicit Careless(Resource& upstream) : upstream_{upstream} {}

  private:
    void* do_try_allocate(std::size_t size, std::size_t /*align*/) noexcept override {
        return upstream_.try_allocate(size, default_align);
    }
    void do_deallocate(void* p, std::size_t size, std::size_t /*align*/) noexcept override {
        upstream_.deallocate(p, size, default_align);
    }
    Resource& upstream_;
};

void conformance() {
    const auto violations =
        check_conformance([](Resource& upstream) { return std::make_unique<Careless>(upstream); });
    std::printf("conformance: %s\n", violations.empty() ? "kept" : "broken");
    const auto arena = check_conformance([](Resource& upstream) { return std::make_unique<Arena>(upstream); },
                                         {.frees = false, .grows_in_place = true});
    std::printf("conformance of Arena: %s\n", arena.empty() ? "kept" : "broken");
}

int main() {
    failures();
    monitors();
    leaks();
    conformance();
}
