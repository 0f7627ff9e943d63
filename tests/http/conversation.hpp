// What a RequestReader makes of the bytes that a client sends.
#pragma once

#include <zigmund/alloc/arena.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "request_reader.hpp"

namespace conversation {

using namespace zigmund;
using namespace zigmund::http;
using State = RequestReader::State;

inline constexpr std::size_t max_body = 20000;

/// All that a handler can see of a request, as text, so that two readings compare with one look.
inline std::string text_of(const Request& request) {
    std::string text;
    text.append(request.method_text()).append(" ").append(request.path());
    text.append("?").append(request.query_string());
    text.append(request.is_http_1_0() ? " 1.0" : " 1.1").append(request.keep_alive() ? " keep" : " close");
    for (const Field& field : request.fields())
        text.append("|").append(field.name).append("=").append(field.value);
    return text.append("|body=").append(request.body());
}

/// Reads what a client sends over one connection.
class Conversation {
  public:
    explicit Conversation(std::size_t limit = max_body) : reader_{*block_, limit} { next(); }
    ~Conversation() { reader_.release(); }

    /// `bytes` have arrived. No more than a failure is read.
    void send(std::string_view bytes) {
        while (!bytes.empty() && error_ == Status::ok) {
            const std::span<char> space = reader_.prepare();
            ASSERT_FALSE(space.empty());
            const std::size_t size = std::min(space.size(), bytes.size());
            std::memcpy(space.data(), bytes.data(), size);
            bytes.remove_prefix(size);
            take(reader_.commit(size));
        }
    }

    /// What came out so far: a line a request; "error 400" at the end of those that failed.
    [[nodiscard]] const std::string& seen() const { return seen_; }
    [[nodiscard]] RequestReader& reader() { return reader_; }
    /// How often the client was to be told to go on.
    [[nodiscard]] int continues() const { return continues_; }

  private:
    void next() {
        arena_.reset(alloc::Reset::free_all);
        request_.emplace(arena_.allocator());
        take(reader_.next(*request_));
    }
    void take(State state) {
        if (reader_.take_continue()) ++continues_;
        if (state == State::need_more) return;
        if (state == State::failed) {
            error_ = reader_.error();
            seen_ += "error " + std::to_string(static_cast<int>(error_)) + "\n";
            return;
        }
        seen_ += text_of(*request_) + "\n";
        reader_.release();
        next();
    }

    using Block = std::array<char, RequestReader::block_size>;
    std::unique_ptr<Block> block_ = std::make_unique<Block>();
    alloc::Arena arena_;
    RequestReader reader_;
    std::optional<Request> request_;
    std::string seen_;
    Status error_ = Status::ok;
    int continues_ = 0;
};

inline std::string seen(std::string_view bytes, std::size_t limit = max_body) {
    Conversation conversation{limit};
    conversation.send(bytes);
    return conversation.seen();
}

/// The head of a request for "/", with Host and the fields given.
inline std::string head(std::string_view fields, std::string_view line = "GET / HTTP/1.1") {
    return std::string{line}.append("\r\nHost: a\r\n").append(fields).append("\r\n");
}
inline std::string with_fields(std::string_view fields) { return seen(head(fields)); }
inline std::string with_line(std::string_view line) { return seen(head("", line)); }

}  // namespace conversation
