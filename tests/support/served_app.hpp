// ServedApp: a test with an App, served on a real socket, whose memory is looked at for leaks in the end.
#pragma once

#include <zigmund/alloc/general_purpose_allocator.hpp>
#include <zigmund/http/app.hpp>

#include <gtest/gtest.h>

#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "http_client.hpp"
#include "running_server.hpp"

namespace zigmund::support {

/// What a server did, as a test can read it: words, and on which thread each was said.
class Notes {
  public:
    void add(std::string_view what) {
        const std::lock_guard lock{mutex_};
        notes_.emplace_back(what, std::this_thread::get_id());
        changed_.notify_all();
    }
    /// All, when there are so many.
    std::vector<std::string> wait(std::size_t count) {
        std::unique_lock lock{mutex_};
        changed_.wait(lock, [&] { return notes_.size() >= count; });
        std::vector<std::string> all;
        for (const auto& note : notes_) all.push_back(note.first);
        return all;
    }
    std::vector<std::string> all() { return wait(0); }
    /// The thread that said it; none: nobody did.
    std::thread::id thread(std::string_view what) {
        const std::lock_guard lock{mutex_};
        for (const auto& [name, thread] : notes_)
            if (name == what) return thread;
        return {};
    }

  private:
    std::mutex mutex_;
    std::condition_variable changed_;
    std::vector<std::pair<std::string, std::thread::id>> notes_;
};

/// Says so when it goes.
struct Noted {
    Notes& notes;
    const char* what;
    ~Noted() { notes.add(what); }
};

class ServedApp : public testing::Test {
  protected:
    ~ServedApp() override {
        running_.reset();
        app_.reset();
        EXPECT_EQ(gpa_.deinit(), alloc::LeakCheck::ok);
    }
    void serve(http::ServeOptions options = {.workers = 1}) {
        running_ = std::make_unique<RunningServer>(*app_, options);
    }
    [[nodiscard]] HttpClient connect() const { return HttpClient{running_->port()}; }
    static std::string get(std::string_view path, std::string_view fields = "") {
        return std::string{"GET "}
            .append(path)
            .append(" HTTP/1.1\r\nHost: x\r\n")
            .append(fields)
            .append("\r\n");
    }
    static HttpReply ask(HttpClient& client, std::string_view path) { return client.request(get(path)); }

    Notes notes_;
    alloc::GeneralPurposeAllocator gpa_{{.tier = alloc::Tier::traced, .name = "test"}};
    std::unique_ptr<http::App> app_ = std::make_unique<http::App>(gpa_.allocator(), http::AppInfo{});
    std::unique_ptr<RunningServer> running_;
};

}  // namespace zigmund::support
