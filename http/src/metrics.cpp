#include <zigmund/http/metrics.hpp>

#include <algorithm>
#include <array>
#include <atomic>
#include <charconv>
#include <chrono>
#include <cstdint>
#include <map>
#include <memory_resource>
#include <mutex>
#include <new>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "process_figures.hpp"

namespace zigmund::http::inline v0 {
namespace {

using Clock = std::chrono::steady_clock;

// OpenTelemetry's bounds for http.server.request.duration, in seconds.
constexpr std::array bounds{0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0};
constexpr std::array<std::string_view, bounds.size()> bound_names{
    "0.005", "0.01", "0.025", "0.05", "0.075", "0.1", "0.25", "0.5", "0.75", "1", "2.5", "5", "7.5", "10"};

constexpr std::string_view no_route = "none";
constexpr std::size_t max_series = 1000;
constexpr std::size_t slots = 2048;  // a power of two: no chain of a table half full is long
// A route that answers with more statuses than that counts the others as 0.
constexpr std::size_t max_statuses = 12;

/// A number that one thread counts and others read.
class Count {
  public:
    void add(std::uint64_t more) noexcept {
        value_.store(value_.load(std::memory_order_relaxed) + more, std::memory_order_relaxed);
    }
    void set(std::uint64_t value) noexcept { value_.store(value, std::memory_order_relaxed); }
    void take(std::uint64_t less) noexcept {
        value_.store(value_.load(std::memory_order_relaxed) - less, std::memory_order_relaxed);
    }
    [[nodiscard]] std::uint64_t value() const noexcept { return value_.load(std::memory_order_relaxed); }

  private:
    std::atomic<std::uint64_t> value_ = 0;
};

struct StatusCount {
    std::atomic<std::uint16_t> status = 0;  ///< 0: free, and the last one: all others
    Count count;
};

class StatusCounts {
  public:
    void add(std::uint16_t status) noexcept {
        for (StatusCount& entry : entries_) {
            const bool last = &entry == &entries_.back();
            if (!last && entry.count.value() == 0) entry.status.store(status, std::memory_order_relaxed);
            if (last || entry.status.load(std::memory_order_relaxed) == status) return entry.count.add(1);
        }
    }
    /// Calls `f(status, count)` for those that there are.
    template <class F>
    void each(F f) const {
        for (const StatusCount& entry : entries_) {
            const std::uint64_t count = entry.count.value();
            if (count != 0) f(entry.status.load(std::memory_order_relaxed), count);
        }
    }

  private:
    std::array<StatusCount, max_statuses> entries_;
};

/// What is counted of one method and route.
struct Series {
    Series(Method which, std::string_view template_of) noexcept : method{which}, route{template_of} {}

    const Method method;
    const std::string_view route;  ///< in the memory of the App
    StatusCounts statuses;
    std::array<Count, bounds.size() + 1> durations;  ///< each of its own bucket; the last beyond all bounds
    Count nanoseconds;
    Count request_bytes;
    Count response_bytes;

    [[nodiscard]] bool is(Method other, std::string_view of) const noexcept {
        // The text of a template stands in one place.
        return method == other && route.data() == of.data();
    }

    void add(const Request& request, const Sent& sent, Clock::duration took) noexcept {
        statuses.add(static_cast<std::uint16_t>(sent.status));
        const double seconds = std::chrono::duration<double>{took}.count();
        const auto* const bound = std::ranges::lower_bound(bounds, seconds);
        durations[static_cast<std::size_t>(bound - bounds.begin())].add(1);
        nanoseconds.add(static_cast<std::uint64_t>(std::chrono::nanoseconds{took}.count()));
        request_bytes.add(request.body().size());
        response_bytes.add(sent.body);
    }
};

std::string status_name(std::uint16_t status) { return status == 0 ? "other" : std::to_string(status); }

std::string_view method_name(Method method) noexcept {
    return method == Method::other ? "_OTHER" : to_string(method);
}

/// What all threads have counted of one method and route.
struct Total {
    std::string_view method;
    std::string_view route;
    std::map<std::uint16_t, std::uint64_t> statuses;
    std::array<std::uint64_t, bounds.size() + 1> durations{};
    std::uint64_t nanoseconds = 0;
    std::uint64_t request_bytes = 0;
    std::uint64_t response_bytes = 0;

    void add(const Series& series) {
        series.statuses.each([&](std::uint16_t status, std::uint64_t n) { statuses[status] += n; });
        for (std::size_t i = 0; i < durations.size(); ++i) durations[i] += series.durations[i].value();
        nanoseconds += series.nanoseconds.value();
        request_bytes += series.request_bytes.value();
        response_bytes += series.response_bytes.value();
    }
    [[nodiscard]] std::uint64_t count() const noexcept {
        std::uint64_t all = 0;
        for (const std::uint64_t each : durations) all += each;
        return all;
    }
};

/// The text format, https://prometheus.io/docs/instrumenting/exposition_formats/.
class MetricsText {
  public:
    MetricsText(alloc::Allocator arena, std::size_t room) : text_{arena} { text_.reserve(room); }

    void family(std::string_view name, std::string_view type, std::string_view help) {
        append("# HELP ", name, " ", help, "\n# TYPE ", name, " ", type, "\n");
    }
    template <class... Labels>
    void sample(std::string_view name, std::string_view suffix, std::string_view value, Labels... labels) {
        append(name, suffix);
        if constexpr (sizeof...(Labels) != 0) {
            append("{");
            this->labels("", labels...);
            append("}");
        }
        append(" ", value, "\n");
    }
    static std::string number(std::uint64_t value) { return std::to_string(value); }
    static std::string number(double value) {
        std::array<char, 32> digits;
        return {digits.data(), std::to_chars(digits.data(), digits.data() + digits.size(), value).ptr};
    }
    [[nodiscard]] std::string_view text() const noexcept { return text_; }

  private:
    template <class... Texts>
    void append(const Texts&... texts) {
        (text_.append(texts), ...);
    }
    void labels(std::string_view) {}
    template <class... More>
    void labels(std::string_view separator, std::string_view name, std::string_view value, More... more) {
        append(separator, name, "=\"");
        for (const char c : value) {
            if (c == '\\' || c == '"') text_ += '\\';
            if (c == '\n') {
                text_ += "\\n";
            } else {
                text_ += c;
            }
        }
        append("\"");
        labels(",", more...);
    }

    std::pmr::string text_;
};

void write_process(MetricsText& out) {
    const ProcessFigures figures = ProcessFigures::now();
    const auto gauge = [&](std::string_view name, std::string_view type, std::string_view help,
                           const std::string& value) {
        out.family(name, type, help);
        out.sample(name, "", value);
    };
    gauge("process_cpu_seconds_total", "counter", "Processor time, in seconds.",
          MetricsText::number(figures.cpu_seconds));
    gauge("process_resident_memory_bytes", "gauge", "Memory in use, in bytes.",
          MetricsText::number(figures.resident_bytes));
    gauge("process_virtual_memory_bytes", "gauge", "Address space, in bytes.",
          MetricsText::number(figures.virtual_bytes));
    gauge("process_open_fds", "gauge", "Open file descriptors.",
          MetricsText::number(figures.open_descriptors));
    gauge("process_max_fds", "gauge", "The most file descriptors that may be open.",
          MetricsText::number(figures.max_descriptors));
    gauge("process_start_time_seconds", "gauge", "When the process began, in seconds since 1970.",
          MetricsText::number(figures.start_seconds));
}

}  // namespace

/// What one thread counts.
struct ZIGMUND_HIDDEN Metrics::Shard {
    explicit Shard(alloc::Allocator memory) noexcept : allocator{memory} {}
    ~Shard() {
        for (const std::atomic<Series*>& slot : table) {
            if (Series* const series = slot.load(std::memory_order_relaxed)) allocator.destroy(series);
        }
    }
    Shard(const Shard&) = delete;
    Shard& operator=(const Shard&) = delete;

    Series& series(Method method, std::string_view route) {
        // The last bits of an address are alike.
        const auto place = reinterpret_cast<std::uintptr_t>(route.data()) >> 3;
        std::size_t at = (place ^ (place >> 11) ^ static_cast<std::size_t>(method)) % slots;
        while (Series* const there = table[at].load(std::memory_order_relaxed)) {
            if (there->is(method, route)) return *there;
            at = (at + 1) % slots;
        }
        if (count == max_series) return others;
        const auto made = allocator.try_create<Series>(method, route);
        if (!made) return others;
        ++count;
        table[at].store(*made, std::memory_order_release);  // readers see it whole
        return **made;
    }

    alloc::Allocator allocator;
    std::array<std::atomic<Series*>, slots> table{};
    std::size_t count = 0;
    Series others{Method::other, "other"};  ///< for what there was no room
    Count in_progress;
    StatusCounts refused;
    std::array<Count, std::tuple_size_v<ConnectionCounts>> connections;
};

struct ZIGMUND_HIDDEN Metrics::Books {
    explicit Books(alloc::Allocator memory) : allocator{memory}, shards{memory} {}
    ~Books() {
        for (Shard* const shard : shards) allocator.destroy(shard);
    }
    Books(const Books&) = delete;
    Books& operator=(const Books&) = delete;

    alloc::Allocator allocator;
    /// No two Metrics of a process share it, so that what a thread remembers is never another's.
    const std::uint64_t number = next_number.fetch_add(1, std::memory_order_relaxed);
    mutable std::mutex lock;
    std::pmr::vector<Shard*> shards;

    static inline std::atomic<std::uint64_t> next_number = 1;
};

namespace {

/// The shard that this thread used last, of which Metrics.
struct Remembered {
    std::uint64_t number = 0;
    void* shard = nullptr;
};
thread_local constinit Remembered remembered;

}  // namespace

Metrics::Metrics(alloc::Allocator allocator) : books_{allocator.create<Books>(allocator)} {}

Metrics::~Metrics() { books_->allocator.destroy(books_); }

Metrics::Shard* Metrics::shard() const {
    if (remembered.number == books_->number) [[likely]]
        return static_cast<Shard*>(remembered.shard);
    return find_shard();
}

/// A thread that serves two Apps, each with its Metrics, gets a new shard at each turn unless it looks.
Metrics::Shard* Metrics::find_shard() const {
    thread_local std::vector<Remembered> all;
    auto mine = std::ranges::find(all, books_->number, &Remembered::number);
    if (mine == all.end()) {
        const std::lock_guard guard{books_->lock};
        books_->shards.reserve(books_->shards.size() + 1);
        Shard* const made = books_->allocator.create<Shard>(books_->allocator);
        books_->shards.push_back(made);
        mine = all.insert(all.end(), {books_->number, made});
    }
    remembered = *mine;
    return static_cast<Shard*>(remembered.shard);
}

void Metrics::note(const ConnectionCounts& connections) const noexcept {
    try {
        Shard* const mine = shard();
        for (std::size_t i = 0; i < connections.size(); ++i) mine->connections[i].set(connections[i]);
    } catch (const std::bad_alloc&) {
        // A thread that has no memory to count in counts nothing.
    }
}

Response Metrics::Middleware::operator()(Request& request, Next next) const {
    const Clock::time_point begin = Clock::now();
    // An answer may be sent by another thread than this, which counts for itself; the sum is right.
    request.on_sent([metrics = metrics_, begin](const Request& of, const Sent& sent) {
        try {
            Shard* const shard = metrics->shard();
            shard->in_progress.take(1);
            const std::string_view route = of.route().data() == nullptr ? no_route : of.route();
            shard->series(of.method(), route).add(of, sent, Clock::now() - begin);
        } catch (const std::bad_alloc&) {
            // A thread that has no memory to count in counts nothing.
        }
    });
    metrics_->shard()->in_progress.add(1);  // what has no memory to wait for its end has not begun
    return next(request);
}

void Metrics::Middleware::refused(Request& request) const {
    Shard* const shard = metrics_->shard();
    request.on_sent([shard](const Request&, const Sent& sent) {
        shard->refused.add(static_cast<std::uint16_t>(sent.status));
    });
}

std::string_view Metrics::text(alloc::Allocator arena) const {
    std::map<std::pair<std::string_view, std::string_view>, Total> totals;  // by route and method
    std::map<std::uint16_t, std::uint64_t> refused;
    std::uint64_t in_progress = 0;
    ConnectionCounts connections{};
    const auto add = [&](const Series& series) {
        Total& total = totals[{series.route, method_name(series.method)}];
        total.add(series);
    };
    {
        const std::lock_guard guard{books_->lock};
        for (const Shard* const shard : books_->shards) {
            for (const std::atomic<Series*>& slot : shard->table) {
                if (const Series* const series = slot.load(std::memory_order_acquire)) add(*series);
            }
            if (Total others; others.add(shard->others), others.count() != 0) add(shard->others);
            in_progress += shard->in_progress.value();
            for (std::size_t i = 0; i < connections.size(); ++i)
                connections[i] += shard->connections[i].value();
            shard->refused.each([&](std::uint16_t status, std::uint64_t n) { refused[status] += n; });
        }
    }

    // The arena keeps the text and its growth, so it grows once.
    MetricsText out{arena, 4096 + totals.size() * 2048};
    out.family("http_requests_total", "counter", "Requests that were answered.");
    for (const auto& [key, total] : totals) {
        for (const auto& [status, count] : total.statuses)
            out.sample("http_requests_total", "", MetricsText::number(count), "method", key.second, "handler",
                       key.first, "status", status_name(status));
    }
    out.family("http_request_duration_seconds", "histogram",
               "From the head of a request to the last byte of its answer, in seconds.");
    for (const auto& [key, total] : totals) {
        constexpr std::string_view name = "http_request_duration_seconds";
        std::uint64_t so_far = 0;
        for (std::size_t i = 0; i < bounds.size(); ++i) {
            so_far += total.durations[i];
            out.sample(name, "_bucket", MetricsText::number(so_far), "method", key.second, "handler",
                       key.first, "le", bound_names[i]);
        }
        out.sample(name, "_bucket", MetricsText::number(total.count()), "method", key.second, "handler",
                   key.first, "le", "+Inf");
        out.sample(name, "_sum", MetricsText::number(static_cast<double>(total.nanoseconds) * 1e-9), "method",
                   key.second, "handler", key.first);
        out.sample(name, "_count", MetricsText::number(total.count()), "method", key.second, "handler",
                   key.first);
    }
    const auto bytes = [&](std::string_view name, std::string_view help, std::uint64_t Total::* sum) {
        out.family(name, "summary", help);
        for (const auto& [key, total] : totals) {
            out.sample(name, "_sum", MetricsText::number(total.*sum), "method", key.second, "handler",
                       key.first);
            out.sample(name, "_count", MetricsText::number(total.count()), "method", key.second, "handler",
                       key.first);
        }
    };
    bytes("http_request_size_bytes", "Bodies of requests, in bytes.", &Total::request_bytes);
    bytes("http_response_size_bytes", "Bodies of answers, in bytes.", &Total::response_bytes);
    out.family("http_requests_inprogress", "gauge", "Requests that are being answered.");
    out.sample("http_requests_inprogress", "", MetricsText::number(in_progress));
    out.family("http_refused_requests_total", "counter", "What was no request, by the status of its answer.");
    for (const auto& [status, count] : refused)
        out.sample("http_refused_requests_total", "", MetricsText::number(count), "status",
                   status_name(status));
    out.family("http_connections", "gauge", "Open connections by state, as of the last second.");
    constexpr std::array<std::string_view, std::tuple_size_v<ConnectionCounts>> states{
        "handshaking", "idle", "reading", "handling", "writing", "closing"};
    for (std::size_t i = 0; i < states.size(); ++i)
        out.sample("http_connections", "", MetricsText::number(std::uint64_t{connections[i]}), "state",
                   states[i]);
    write_process(out);
    return arena.dupe(out.text());
}

}  // namespace zigmund::http::inline v0
