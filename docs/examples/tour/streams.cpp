// Answers that are made while they are sent: a piece when the client has taken the one before, or when there
// is news.
#include <algorithm>
#include <array>
#include <cstdint>
#include <mutex>
#include <optional>
#include <utility>
#include <vector>

#include "tour.hpp"

namespace tour {
namespace {

/// CSV, as long as the client likes, in the memory of a line.
http::Response get_squares(http::Query<std::uint64_t, "to", http::Default<3>> to, alloc::Allocator arena) {
    return http::Response::stream(
        arena,
        [n = std::uint64_t{0}, end = *to](http::StreamWriter& out) mutable {
            if (n == end) return http::Produced::end;
            ++n;
            out.json(n);
            out.write(",");
            out.json(n * n);
            out.write("\n");
            return http::Produced::more;
        },
        "text/csv; charset=utf-8");
}

http::Response get_lines(alloc::Allocator arena) {
    return http::Response::json_lines(arena, [n = 0](http::StreamWriter& out) mutable {
        out.line({{"n", n}});
        return ++n < 3 ? http::Produced::more : http::Produced::end;
    });
}

struct Line {
    int n;
};
BOOST_DESCRIBE_STRUCT(Line, (), (n))

/// A clock: an event a second; without a count, until the client leaves or the server stops.
http::Response get_events(http::Query<int, "count", http::Default<0>, http::Ge<0>> count,
                          alloc::Allocator arena) {
    return http::Response::event_stream(
        arena, [n = 0, last = *count, waits = false](http::StreamWriter& out) mutable {
            if (out.stopping() || (last != 0 && n == last)) return http::Produced::end;
            waits = !waits;
            if (!waits) return http::Produced::wait;
            out.event_json({{"n", n}}, {.event = "tick"});
            ++n;
            return http::Produced::more;
        });
}

/// What is new, told to all who listen, whichever threads serve them.
class News {
  public:
    /// The latest headline, and the how manieth it is.
    struct Headline {
        std::uint64_t number = 0;
        std::array<char, 64> text{};
    };

    /// One who listens, until it dies: with its stream, when the client has left.
    class Listener {
      public:
        explicit Listener(News& news) noexcept : news_{&news} {}
        Listener(Listener&& other) noexcept : news_{other.news_} {}
        Listener& operator=(Listener&&) = delete;
        ~Listener() {
            const std::lock_guard lock{news_->mutex_};
            std::erase(news_->listeners_, this);
        }
        /// The latest, if it is not the one called `seen`; from now on, `out` is woken when there is another.
        std::optional<Headline> next(std::uint64_t seen, const http::StreamWriter& out) {
            const std::lock_guard lock{news_->mutex_};
            if (!std::exchange(listens_, true)) {
                waker_ = out.waker();
                news_->listeners_.push_back(this);
            }
            if (news_->latest_.number == seen) return std::nullopt;
            return news_->latest_;
        }

      private:
        friend class News;
        News* news_;
        http::StreamWaker waker_;
        bool listens_ = false;
    };

    std::uint64_t publish(std::string_view text) {
        const std::lock_guard lock{mutex_};
        latest_ = {.number = latest_.number + 1};
        std::ranges::copy(text, latest_.text.begin());
        for (const Listener* listener : listeners_) listener->waker_.wake();
        return latest_.number;
    }

  private:
    std::mutex mutex_;
    Headline latest_;
    std::vector<Listener*> listeners_;
};

inject::Scoped<News> open_news(alloc::Allocator) {
    News news;
    co_yield news;
}

/// Headlines as they come, to any number of clients; without a count, until the client leaves.
http::Response get_news(inject::Depends<open_news, inject::AppScope> news,
                        http::Query<int, "count", http::Default<0>, http::Ge<0>> count,
                        alloc::Allocator arena) {
    return http::Response::event_stream(arena, [listener = News::Listener{*news}, seen = std::uint64_t{0},
                                                n = 0, last = *count](http::StreamWriter& out) mutable {
        if (out.stopping() || (last != 0 && n == last)) return http::Produced::end;
        const auto headline = listener.next(seen, out);
        if (!headline) return http::Produced::wait;
        seen = headline->number;
        ++n;
        out.event_json({{"number", seen}, {"text", headline->text.data()}}, {.event = "headline"});
        return http::Produced::more;
    });
}

struct NewHeadline {
    http::Member<std::string_view, http::MinLength<1>, http::MaxLength<15>> text;
};
BOOST_DESCRIBE_STRUCT(NewHeadline, (), (text))

http::Response post_news(inject::Depends<open_news, inject::AppScope> news, http::Body<NewHeadline> headline,
                         alloc::Allocator arena) {
    return http::Response::json(arena, {{"number", news->publish(*headline->text)}});
}

}  // namespace

void add_streams(http::App& app) {
    app.get("/squares", get_squares, {.tags = {"streams"}});
    app.get("/lines", get_lines,
            {.tags = {"streams"},
             .responses = {{http::Status::ok, "A line each", http::schema<Line>, "application/jsonl"}}});
    app.get("/events", get_events,
            {.tags = {"streams"},
             .responses = {{http::Status::ok, "A tick each", http::schema<Line>, "text/event-stream"}}});
    app.get("/news", get_news, {.tags = {"streams"}});
    app.post("/news", post_news, {.tags = {"streams"}});
}

}  // namespace tour
