#include "test_exchange.hpp"

#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <new>
#include <stdexcept>
#include <system_error>
#include <utility>

#include "ascii.hpp"
#include "error_response.hpp"
#include "file_descriptor.hpp"
#include "log.hpp"

namespace zigmund::http::inline v0::testing {
namespace {

[[noreturn]] void malformed(std::string_view why, std::string_view what = {}) {
    throw std::runtime_error(std::string{"the answer is malformed: "}.append(why).append(what));
}

bool is_value(std::string_view text) noexcept {
    return std::ranges::all_of(text, [](char c) {
        const auto byte = static_cast<unsigned char>(c);
        return byte == '\t' || (byte >= 0x20 && byte != 0x7f);
    });
}

}  // namespace

/// The server's work, as the watch sees it.
class TestExchange::Watched {
  public:
    explicit Watched(alloc::testing::HeapWatch* watch) noexcept : watch_{watch} {
        if (watch_ != nullptr) watch_->begin();
    }
    Watched(const Watched&) = delete;
    Watched& operator=(const Watched&) = delete;
    ~Watched() {
        if (watch_ != nullptr) watch_->end();
    }

  private:
    alloc::testing::HeapWatch* watch_;
};

void TestExchange::serve(std::string_view bytes, const Client* client, bool secure) {
    Request& request = exchange_.begin(client);
    request.set_secure(secure);
    wire_ = {};
    length_ = 0;
    cut_ = ended_ = false;
    RequestReader::State state = RequestReader::State::need_more;
    try {
        const Watched watched{watch_};
        RequestReader& reader = exchange_.reader();
        state = reader.next(request);
        while (state == RequestReader::State::need_more && !bytes.empty()) {
            const std::span<char> space = reader.prepare();
            const std::size_t size = std::min(space.size(), bytes.size());
            std::memcpy(space.data(), bytes.data(), size);
            bytes.remove_prefix(size);
            state = reader.commit(size);
        }
        if (state != RequestReader::State::need_more) {
            const bool whole = state == RequestReader::State::complete;
            const Response response =
                whole ? loop_.wait(app_.respond(request)) : app_.refuse(request, reader.error());
            wire_ =
                write_response(request, response, date_, whole && request.keep_alive() && reader.in_step());
        }
    } catch (const std::bad_alloc&) {
        // As a Connection does.
        exchange_.fail(std::current_exception());
        request.sent() = {.status = Status::service_unavailable, .head = out_of_memory_head.size()};
        wire_ = {out_of_memory_head, {}};
        return;
    }
    if (state == RequestReader::State::need_more)
        throw std::invalid_argument("zigmund: TestClient: the request is not whole");
}

TestResponse TestExchange::head() const {
    TestResponse response;
    std::string_view rest = wire_.head;
    constexpr std::string_view version = "HTTP/1.1 ";
    const std::string_view line = rest.substr(0, rest.find("\r\n"));
    if (!line.starts_with(version) || line.size() < version.size() + 4 || line[version.size() + 3] != ' ')
        malformed("status line ", line);
    const char* const digits = line.data() + version.size();
    if (std::from_chars(digits, digits + 3, response.status_).ptr != digits + 3)
        malformed("status line ", line);
    response.reason_ = line.substr(version.size() + 4);
    rest.remove_prefix(line.size());
    while (true) {
        if (!rest.starts_with("\r\n")) malformed("the head does not end");
        rest.remove_prefix(2);
        const std::string_view field = rest.substr(0, rest.find("\r\n"));
        if (field.empty()) break;
        const std::size_t colon = field.find(": ");
        if (colon == std::string_view::npos || !ascii::is_token(field.substr(0, colon)) ||
            !is_value(field.substr(colon + 2)))
            malformed("header field ", field);
        std::string name;
        for (const char c : field.substr(0, colon)) name += ascii::lower(c);
        response.headers_.push_back({std::move(name), std::string{field.substr(colon + 2)}});
        rest.remove_prefix(field.size());
    }
    if (rest != "\r\n") malformed("text behind the head");
    const std::size_t lengths = response.header_values("content-length").size();
    if (lengths > 1) malformed("two lengths");
    if (lengths == 1 && response.header("transfer-encoding")) malformed("a length, and chunks");
    return response;
}

void TestExchange::check_length() {
    const TestResponse response = head();
    const std::optional<std::string_view> field = response.header("content-length");
    if (!field || exchange_.request().method() == Method::head || response.status() == 304) return;
    if (*field != std::to_string(length_))
        malformed("content-length is " + std::string{*field} + ", and the body has " +
                  std::to_string(length_));
}

TestExchange::Piece TestExchange::next(std::string& piece) {
    piece.clear();
    if (ended_) return Piece::end;
    if (!wire_.body.empty()) {
        piece = std::exchange(wire_.body, {});
    } else if (wire_.file.active()) {
        return next_of_file(piece);
    } else if (wire_.stream.active()) {
        std::string_view framed;
        StreamSender::State state = StreamSender::State::done;
        try {
            const Watched watched{watch_};
            state = wire_.stream.next(now_, false, framed);
        } catch (...) {
            cut_ = true;
            log_exception(exchange_.request(), std::current_exception(), "unhandled exception of a stream");
        }
        if (state == StreamSender::State::wait) {
            ++now_;
            return Piece::nothing_yet;
        }
        if (state == StreamSender::State::done) {
            wire_.stream = {};
            ended_ = true;
            return Piece::end;
        }
        exchange_.request().sent().body += framed.size();
        const bool chunked = !exchange_.request().is_http_1_0();
        while (chunked && !framed.empty()) {
            std::size_t size = 0;
            const char* const end = framed.data() + framed.size();
            const char* const after = std::from_chars(framed.data(), end, size, 16).ptr;
            framed.remove_prefix(static_cast<std::size_t>(after - framed.data()));
            if (!framed.starts_with("\r\n") || framed.size() < size + 4) malformed("a chunk");
            piece += framed.substr(2, size);
            if (framed.substr(2 + size, 2) != "\r\n") malformed("a chunk");
            framed.remove_prefix(size + 4);
            if (size == 0 && !framed.empty()) malformed("text behind the last chunk");
        }
        if (!chunked) piece = framed;
        // The last chunk alone is no piece.
        return piece.empty() ? next(piece) : Piece::text;
    } else {
        ended_ = true;
        check_length();
        return Piece::end;
    }
    length_ += piece.size();
    return Piece::text;
}

/// As the kernel would send it, but into memory instead of a socket.
TestExchange::Piece TestExchange::next_of_file(std::string& piece) {
    const FileDescriptor memory{::memfd_create("zigmund", MFD_CLOEXEC)};
    if (!memory) throw std::system_error{errno, std::generic_category(), "memfd_create"};
    while (piece.empty() && wire_.file.active()) {
        piece = wire_.file.take_text();
        if (piece.empty()) {
            wire_.file.advance();
            if (!wire_.file.active()) break;
            const std::int64_t sent = wire_.file.send(memory.get());
            if (sent <= 0) malformed("the file is shorter than the head says");
            piece.resize(static_cast<std::size_t>(sent));
            if (::pread(memory.get(), piece.data(), piece.size(), 0) != sent)
                throw std::system_error{errno, std::generic_category(), "pread"};
        }
        wire_.file.advance();
    }
    length_ += piece.size();
    exchange_.request().sent().body += piece.size();
    return piece.empty() ? next(piece) : Piece::text;
}

void TestExchange::finish(std::size_t retain) noexcept {
    const Watched watched{watch_};
    wire_ = {};
    exchange_.finish();
    exchange_.reader().clear();  // the next request comes on a connection of its own
    exchange_.end(retain);
}

}  // namespace zigmund::http::inline v0::testing
