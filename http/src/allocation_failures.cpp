#include <zigmund/alloc/general_purpose_allocator.hpp>
#include <zigmund/alloc/pages.hpp>
#include <zigmund/alloc/testing/heap_counter.hpp>
#include <zigmund/http/testing/allocation_failures.hpp>

#include <boost/json/parse.hpp>

#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdint>
#include <filesystem>
#include <new>
#include <stdexcept>
#include <system_error>
#include <utility>

#include "file_descriptor.hpp"
#include "lifespan.hpp"
#include "log.hpp"
#include "request_bytes.hpp"
#include "test_exchange.hpp"

namespace zigmund::http::inline v0::testing {
namespace {

using alloc::testing::FailureJudgement;
using alloc::testing::FailureMode;

constexpr std::size_t max_body = std::size_t{1} << 20;
constexpr std::size_t most_shown = 100;

// Each allocation has a chunk of its own: that is what an arena gives to what is larger than half of one.
constexpr alloc::ArenaOptions each_block{.first_chunk = 0, .max_chunk = 0};
constexpr alloc::ArenaOptions each_chunk{.first_chunk = 4096};

/// What a request can leave behind: of the application's memory, of the heap, open files.
struct Held {
    std::int64_t application = 0;
    std::int64_t heap = 0;
    std::int64_t files = 0;

    static Held now(alloc::Allocator application) {
        Held held;
        const auto* const gpa = dynamic_cast<const alloc::GeneralPurposeAllocator*>(&application.resource());
        if (gpa != nullptr) held.application = static_cast<std::int64_t>(gpa->live_blocks());
        if (alloc::testing::counts_heap_calls()) {
            held.heap = static_cast<std::int64_t>(alloc::testing::heap_blocks());
            // What is given back to such an allocator may stay with it for a while: each block that it made
            // can be a block of the heap without being a leak.
            if (gpa != nullptr) held.heap -= static_cast<std::int64_t>(gpa->total_allocations());
        }
        const std::filesystem::directory_iterator files{"/proc/self/fd"};
        held.files = std::distance(begin(files), end(files));
        return held;
    }
    friend Held operator-(const Held& a, const Held& b) noexcept {
        return {a.application - b.application, a.heap - b.heap, a.files - b.files};
    }
};

std::string count(std::int64_t number, std::string_view one, std::string_view more) {
    return std::to_string(number).append(" ").append(number == 1 ? one : more);
}

std::string complaint_about(const Held& more) {
    if (more.application > 0)
        return count(more.application, "block of the application's allocator was never freed",
                     "blocks of the application's allocator were never freed");
    if (more.heap > 0)
        return count(more.heap, "block of new or malloc was never freed",
                     "blocks of new or malloc were never freed");
    if (more.files > 0) return count(more.files, "file was never closed", "files were never closed");
    return {};
}

std::string shown(std::string_view text) { return std::string{text.substr(0, most_shown)}; }

/// What is compared.
struct Answer {
    int status = 0;
    std::string type;
    std::string body;
    bool cut = false;
};

/// The answer to the first request, in which nothing fails: of another process, so it is kept in a file.
class Undisturbed {
  public:
    Undisturbed() : file_{::memfd_create("zigmund", MFD_CLOEXEC)} {
        if (!file_) throw std::system_error{errno, std::generic_category(), "memfd_create"};
    }

    [[nodiscard]] bool known() const { return ::lseek(file_.get(), 0, SEEK_END) != 0; }

    void set(const Answer& answer) {
        const Head head{answer.status, answer.type.size(), answer.body.size(), {}};
        write(&head, sizeof head, 0);
        write(answer.type.data(), answer.type.size(), sizeof head);
        write(answer.body.data(), answer.body.size(), sizeof head + answer.type.size());
    }
    [[nodiscard]] Answer answer() const {
        const Head at_front = head();
        Answer answer{.status = at_front.status,
                      .type = std::string(at_front.type_size, '\0'),
                      .body = std::string(at_front.body_size, '\0')};
        read(answer.type.data(), answer.type.size(), sizeof at_front);
        read(answer.body.data(), answer.body.size(), sizeof at_front + answer.type.size());
        return answer;
    }

    void set_held(const Held& held) {
        Head changed = head();
        changed.held = held;
        write(&changed, sizeof changed, 0);
    }
    [[nodiscard]] Held held() const { return head().held; }

  private:
    struct Head {
        int status;
        std::size_t type_size;
        std::size_t body_size;
        Held held;
    };

    [[nodiscard]] Head head() const {
        Head head{};
        read(&head, sizeof head, 0);
        return head;
    }
    void read(void* to, std::size_t size, std::size_t at) const {
        if (::pread(file_.get(), to, size, static_cast<off_t>(at)) != static_cast<ssize_t>(size))
            throw std::system_error{errno, std::generic_category(), "pread"};
    }
    void write(const void* from, std::size_t size, std::size_t at) {
        if (::pwrite(file_.get(), from, size, static_cast<off_t>(at)) != static_cast<ssize_t>(size))
            throw std::system_error{errno, std::generic_category(), "pwrite"};
    }

    FileDescriptor file_;
};

/// A request, asked again and again.
class Trial {
  public:
    Trial(App& app, std::string bytes, bool varies, alloc::ArenaOptions arena)
        : app_{app}, bytes_{std::move(bytes)}, varies_{varies}, arena_{arena} {}

    FailureJudgement operator()(alloc::Allocator memory) {
        warm_up();
        const bool first = !undisturbed_.known();
        const Held before = Held::now(app_.allocator());
        FailureJudgement judgement = ask(memory, first);
        if (!judgement.complaint.empty()) return judgement;
        const Held held = Held::now(app_.allocator()) - before;
        if (first) {
            undisturbed_.set_held(held);
        } else {
            judgement.complaint = complaint_about(held - undisturbed_.held());
        }
        return judgement;
    }

  private:
    /// What the first exception of a process takes for good is no leak of the request's.
    static void warm_up() {
        try {
            throw std::bad_alloc{};
        } catch (const std::bad_alloc&) {
            (void)std::current_exception();
        }
    }

    FailureJudgement ask(alloc::Allocator memory, bool first) {
        Answer answer;
        std::string malformed;
        {
            TestExchange exchange{app_, memory, max_body, arena_};
            const ExceptionSink nobody_reads{true};
            exchange.serve(bytes_);
            try {
                const TestResponse head = exchange.head();
                answer.status = head.status();
                answer.type = head.header("content-type").value_or("");
                std::string piece;
                int waits = 0;
                for (TestExchange::Piece got; (got = exchange.next(piece)) != TestExchange::Piece::end;) {
                    answer.body += piece;
                    // A stream that waits is left, as clients do.
                    if (got == TestExchange::Piece::nothing_yet && ++waits == most_waits) break;
                }
                answer.cut = exchange.cut();
            } catch (const std::runtime_error& error) {
                malformed = error.what();
            }
            exchange.finish(0);
        }
        if (!malformed.empty())
            return {.complaint = "the answer was" + malformed.substr(malformed.find(" malformed"))};
        return judge(answer, first);
    }

    FailureJudgement judge(const Answer& answer, bool first) {
        if (answer.type == "application/json" && !answer.body.empty() && !answer.cut) {
            boost::system::error_code error;
            (void)boost::json::parse(answer.body, error);
            if (error)
                return {.complaint = "the answer was malformed: the body is no JSON: " + shown(answer.body)};
        }
        const std::string said = "the answer was " + std::to_string(answer.status);
        if (first) {
            if (answer.status >= 500) return {.complaint = said};
            if (answer.cut) return {.complaint = said + ", and was cut"};
            undisturbed_.set(answer);
            return {};
        }
        if (answer.status >= 500) return {.succeeded = false};
        const Answer right = undisturbed_.answer();
        if (answer.status != right.status)
            return {.complaint = said + " instead of " + std::to_string(right.status)};
        if (answer.type != right.type)
            return {.complaint = said + " with another type: " + shown(answer.type)};
        const bool same =
            varies_ || (answer.cut ? right.body.starts_with(answer.body) : answer.body == right.body);
        if (!same) return {.complaint = said + " with another body: " + shown(answer.body)};
        return {};
    }

    static constexpr int most_waits = 20;

    App& app_;
    std::string bytes_;
    bool varies_;
    alloc::ArenaOptions arena_;
    Undisturbed undisturbed_;
};

class Sweep {
  public:
    Sweep(App& app, const AllocationFailureOptions& options) : app_{app}, options_{options} {}

    AllocationFailureResult run() && {
        std::vector<std::string> known;
        for (const RouteInfo& info : app_.routes()) {
            const std::string route = std::string{to_string(info.method)}.append(" ").append(info.path);
            known.push_back(route);
            if (std::ranges::find(options_.left_out, route) != options_.left_out.end()) continue;
            ++result_.routes;
            bool asked = false;
            for (const RouteRequest& request : options_.requests) {
                if (request.route != route) continue;
                asked = true;
                try_all(info.method, request);
            }
            if (asked) continue;
            const bool plain = info.method == Method::get || info.method == Method::head ||
                               info.method == Method::delete_ || info.method == Method::options;
            if (plain && info.path.find('{') == std::string::npos) {
                try_all(info.method, {.route = route, .url = info.path});
            } else {
                find(route, "untried: no request is given for this route\n");
            }
        }
        for (const RouteRequest& request : options_.requests) {
            if (std::ranges::find(known, request.route) == known.end())
                find(request.route, "untried: the application has no such route\n");
        }
        return std::move(result_);
    }

  private:
    void try_all(Method method, const RouteRequest& request) {
        const RequestBytes bytes{
            to_string(method), TestUrl{"http://testserver"}.resolved(request.url), request.request, {}};
        for (const bool blocks : {true, false}) {
            Trial trial{app_, bytes.text({}), request.varies, blocks ? each_block : each_chunk};
            // After a finding, the rest would say it again.
            if (!try_one(request, trial, blocks, FailureMode::one_shot, alloc::FailingVerb::allocate) ||
                !try_one(request, trial, blocks, FailureMode::persistent, alloc::FailingVerb::allocate) ||
                !try_one(request, trial, blocks, FailureMode::one_shot, alloc::FailingVerb::resize))
                return;
        }
    }

    bool try_one(const RouteRequest& request, Trial& trial, bool blocks, FailureMode mode,
                 alloc::FailingVerb verb) {
        const auto result = alloc::testing::check_all_allocation_failures(
            [&trial](alloc::Allocator memory) { return trial(memory); },
            {.mode = mode,
             .verb = verb,
             .most_findings = options_.most_findings,
             .may_swallow = true,
             .isolate = options_.isolate,
             .upstream = alloc::pages()});
        result_.allocations += result.allocations;
        for (const auto& finding : result.findings) {
            // Without its beginning, and the line that says how to go on from here.
            constexpr std::string_view beginning = "zigmund: ";
            const std::size_t last = finding.text.rfind("  to begin here");
            find(request.route + (blocks ? ", each block" : ", each chunk"),
                 finding.text.substr(beginning.size(), last - beginning.size()));
        }
        return result.ok();
    }

    void find(const std::string& route, const std::string& text) {
        result_.findings.push_back("zigmund: " + route + ": " + text);
    }

    App& app_;
    const AllocationFailureOptions& options_;
    AllocationFailureResult result_;
};

}  // namespace

std::string AllocationFailureResult::text() const {
    std::string all;
    for (const std::string& finding : findings) all += finding;
    return all;
}

AllocationFailureResult check_allocation_failures(App& app, const AllocationFailureOptions& options) {
    const Lifespan lifespan{app};
    return Sweep{app, options}.run();
}

}  // namespace zigmund::http::inline v0::testing
