#include <zigmund/http/access_log.hpp>

#include <fcntl.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <bit>
#include <cerrno>
#include <chrono>
#include <condition_variable>
#include <cstdio>
#include <cstring>
#include <forward_list>
#include <mutex>
#include <stdexcept>
#include <string_view>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include "access_line.hpp"
#include "access_record.hpp"
#include "broken_pipe.hpp"
#include "file_descriptor.hpp"
#include "request_reader.hpp"

namespace zigmund::http::inline v0 {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

// A ring takes a few of the longest records: no text of a request is longer than its head.
constexpr std::size_t least_ring = 2 * RequestReader::block_size;
constexpr std::size_t most_ring = std::size_t{1} << 30;
// While requests come, the writer looks again without being woken, which would cost each worker a call.
constexpr milliseconds busy_wait{100};
// If the waking was lost between its last look and its sleep.
constexpr milliseconds idle_wait{1000};
constexpr std::size_t write_at_once = std::size_t{64} << 10;

std::int64_t now_in_microseconds() noexcept {
    return std::chrono::duration_cast<std::chrono::microseconds>(
               std::chrono::system_clock::now().time_since_epoch())
        .count();
}

/// What the request took on its way, as far as it means something.
std::uint64_t bytes_of(const Request& request) noexcept {
    std::uint64_t size =
        request.method_text().size() + request.target().size() + 14;  // " ", " HTTP/1.1", ends
    for (const Field& field : request.fields()) size += field.name.size() + field.value.size() + 4;
    return size + request.body().size();
}

/// The rings of this thread, one a log.
struct Rings {
    struct Entry {
        std::uint64_t log;
        std::shared_ptr<AccessRing> ring;
    };

    Rings() = default;
    Rings(const Rings&) = delete;
    Rings& operator=(const Rings&) = delete;
    ~Rings() {
        for (const Entry& entry : entries) entry.ring->abandoned.store(true, std::memory_order_release);
    }
    std::vector<Entry> entries;
};
thread_local Rings rings;

}  // namespace

class ZIGMUND_HIDDEN AccessLog::Implementation {
  public:
    explicit Implementation(const AccessLogOptions& options)
        : options_{options}, wake_{::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)} {
        if (options.ring < least_ring)
            throw std::invalid_argument("zigmund: AccessLog: ring is less than 32768 bytes");
        if (options.ring > most_ring)
            throw std::invalid_argument("zigmund: AccessLog: ring is more than 1 GiB");
        options_.ring = std::bit_ceil(options.ring);
        lines_.reserve(2 * write_at_once);
        if (!wake_) throw std::system_error(errno, std::system_category(), "eventfd");
        if (!open())
            throw std::system_error(errno, std::generic_category(),
                                    "zigmund: access log: cannot open " + options_.path);
        writer_ = std::thread{[this] { run(); }};
    }
    Implementation(const Implementation&) = delete;
    Implementation& operator=(const Implementation&) = delete;
    ~Implementation() {
        stopping_.store(true, std::memory_order_release);
        wake();
        writer_.join();
    }

    void log(const Request& request, const Sent& sent, Clock::time_point begin) noexcept {
        const AccessRecord record{
            .size = 0,
            .status = static_cast<std::uint16_t>(sent.status),
            .http_1_0 = request.is_http_1_0(),
            .time = now_in_microseconds(),
            .microseconds = static_cast<std::uint64_t>(
                std::chrono::duration_cast<std::chrono::microseconds>(Clock::now() - begin).count()),
            .bytes_in = bytes_of(request),
            .head_out = sent.head,
            .body_out = sent.body,
            .arena = sent.arena,
            .sizes = {}};
        std::array<std::string_view, AccessRecord::text_count> texts{
            request.client().host(), request.method_text(), request.target(), request.route(), request.id()};
        if (options_.format == AccessLogFormat::combined) {
            texts[AccessRecord::referer] = request.header("referer").value_or("");
            texts[AccessRecord::agent] = request.header("user-agent").value_or("");
        }
        AccessRing* const ring = ring_of_thread();
        const bool soon = ring == nullptr || ring->push(record, texts);
        if ((soon || sleeping_.load(std::memory_order_relaxed)) && ring != nullptr) {
            sleeping_.store(false, std::memory_order_relaxed);
            wake();
        }
    }

    void reload() noexcept {
        reload_.store(true, std::memory_order_release);
        wake();
    }

    void flush() {
        std::unique_lock lock{mutex_};
        const std::uint64_t ticket = ++flushes_wanted_;
        wake();
        flushed_.wait(lock, [&] { return flushes_done_ >= ticket; });
    }

  private:
    bool open() noexcept {
        if (options_.path.empty()) return true;
        FileDescriptor file{::open(options_.path.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0644)};
        if (!file) return false;
        file_ = std::move(file);
        return true;
    }

    void wake() noexcept { (void)::eventfd_write(wake_.get(), 1); }

    /// Null: there is no memory for one.
    AccessRing* ring_of_thread() noexcept {
        for (const Rings::Entry& entry : rings.entries)
            if (entry.log == serial_) return entry.ring.get();
        try {
            return &add_ring();
        } catch (const std::bad_alloc&) {
            return nullptr;
        }
    }

    [[gnu::cold]] AccessRing& add_ring() {
        std::erase_if(rings.entries, [](const Rings::Entry& entry) { return entry.ring.use_count() == 1; });
        rings.entries.reserve(rings.entries.size() + 1);
        const std::lock_guard lock{mutex_};
        auto found = std::ranges::find_if(rings_, [](const std::shared_ptr<AccessRing>& ring) {
            return ring->abandoned.exchange(false, std::memory_order_acquire);
        });
        if (found == rings_.end()) {
            rings_.push_front(std::make_shared<AccessRing>(options_.ring));
            found = rings_.begin();
        }
        rings.entries.push_back({serial_, *found});
        return **found;
    }

    void run() {
        const IgnoredBrokenPipe ignored;
        while (true) {
            const bool last = stopping_.load(std::memory_order_acquire);
            if (reload_.exchange(false, std::memory_order_acquire) && !open())
                std::fprintf(stderr, "zigmund: access log: cannot open %s: %s\n", options_.path.c_str(),
                             std::strerror(errno));
            std::uint64_t ticket = 0;
            auto ring = rings_.cend();
            {
                const std::lock_guard lock{mutex_};
                ticket = flushes_wanted_;
                ring = rings_.cbegin();
            }
            bool found = false;
            for (; ring != rings_.cend(); ++ring) found = drain(**ring) || found;
            write();
            {
                const std::lock_guard lock{mutex_};
                flushes_done_ = ticket;
            }
            flushed_.notify_all();
            if (last) return;
            sleeping_.store(!found, std::memory_order_relaxed);
            pollfd descriptor{wake_.get(), POLLIN, 0};
            const milliseconds longest = found ? busy_wait : idle_wait;
            (void)::poll(&descriptor, 1, static_cast<int>(longest.count()));
            eventfd_t woken = 0;
            (void)::eventfd_read(wake_.get(), &woken);
        }
    }

    /// True: there was something.
    bool drain(AccessRing& ring) {
        bool found = false;
        AccessRecord record;
        // As far as it goes now: requests may come faster than they can be written, and others wait too.
        for (const std::uint64_t end = ring.end(); ring.pop(record, space_, end);) {
            found = true;
            append_line(lines_, options_.format, record, {space_.data(), record.size - sizeof record});
            if (lines_.size() >= write_at_once) write();
        }
        const std::uint64_t missing = ring.missing();
        if (missing != ring.missing_said) {
            append_missing(lines_, options_.format, missing - std::exchange(ring.missing_said, missing),
                           now_in_microseconds());
            found = true;
        }
        return found;
    }

    void write() {
        std::string_view rest = lines_;
        while (!rest.empty()) {
            const ssize_t written = ::write(file_ ? file_.get() : STDOUT_FILENO, rest.data(), rest.size());
            if (written >= 0) {
                rest.remove_prefix(static_cast<std::size_t>(written));
                failed_ = false;
            } else if (errno != EINTR) {
                if (!std::exchange(failed_, true))
                    std::fprintf(stderr, "zigmund: access log: cannot write %s: %s\n",
                                 options_.path.empty() ? "to standard output" : options_.path.c_str(),
                                 std::strerror(errno));
                break;
            }
        }
        lines_.clear();
    }

    static std::atomic<std::uint64_t> serials;

    AccessLogOptions options_;
    const std::uint64_t serial_ = serials.fetch_add(1);
    FileDescriptor wake_;
    FileDescriptor file_;  ///< none: standard output
    std::atomic<bool> sleeping_ = false;
    std::atomic<bool> stopping_ = false;
    std::atomic<bool> reload_ = false;
    std::mutex mutex_;
    std::condition_variable flushed_;
    // Grows in front, so that the writer may walk what is behind a place without the lock.
    std::forward_list<std::shared_ptr<AccessRing>> rings_;
    std::uint64_t flushes_wanted_ = 0;
    std::uint64_t flushes_done_ = 0;
    // The writer's.
    std::vector<char> space_ = std::vector<char>(AccessRing::max_record);
    std::string lines_;
    bool failed_ = false;
    std::thread writer_;
};

std::atomic<std::uint64_t> AccessLog::Implementation::serials = 1;

AccessLog::AccessLog(const AccessLogOptions& options)
    : implementation_{std::make_shared<Implementation>(options)} {}

void AccessLog::watch(Request& request) const {
    request.on_sent([log = implementation_.get(), begin = Clock::now()](
                        const Request& answered, const Sent& sent) { log->log(answered, sent, begin); });
}

Response AccessLog::operator()(Request& request, Next next) const {
    watch(request);
    return next(request);
}

void AccessLog::refused(Request& request) const { watch(request); }

void AccessLog::reload() const noexcept { implementation_->reload(); }
void AccessLog::flush() const { implementation_->flush(); }

}  // namespace zigmund::http::inline v0
