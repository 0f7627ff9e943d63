// An App answered in process: the bytes of a request in, those of the response out, without a socket.
#pragma once

#include <zigmund/alloc/heap.hpp>
#include <zigmund/http/app.hpp>

#include <algorithm>
#include <cstring>
#include <functional>
#include <span>
#include <string>
#include <string_view>

#include "error_response.hpp"
#include "exchange.hpp"
#include "request_reader.hpp"
#include "wire_response.hpp"

namespace test {

struct Answer {
    std::string line;  ///< "HTTP/1.1 200 OK"
    std::string head;  ///< the header fields, a line each, without the date
    std::string body;

    /// The value of a header field; empty: there is none.
    [[nodiscard]] std::string field(std::string_view name) const {
        const std::string start = std::string{"\n"}.append(name).append(": ");
        const std::string text = "\n" + head;
        const std::size_t at = text.find(start);
        if (at == std::string::npos) return {};
        return text.substr(at + start.size(), text.find('\n', at + 1) - at - start.size());
    }
};

/// The answer to one request, given as the client sends it. `sent` is called where the response would leave:
/// before background tasks and teardown.
inline Answer ask(
    const zigmund::http::App& app, std::string_view bytes,
    zigmund::alloc::Allocator upstream = zigmund::alloc::heap(), const std::function<void()>& sent = [] {}) {
    using namespace zigmund::http;
    Exchange exchange{upstream, std::size_t{1} << 20, &app};
    RequestReader& reader = exchange.reader();
    Request& request = exchange.begin();
    RequestReader::State state = reader.next(request);
    while (state == RequestReader::State::need_more && !bytes.empty()) {
        const std::span<char> space = reader.prepare();
        const std::size_t size = std::min(space.size(), bytes.size());
        std::memcpy(space.data(), bytes.data(), size);
        bytes.remove_prefix(size);
        state = reader.commit(size);
    }
    if (state == RequestReader::State::need_more) return {"the request is not whole", "", ""};
    const bool whole = state == RequestReader::State::complete;
    const Response response = whole ? app.respond(request) : error_response(reader.error());
    WireResponse wire =
        write_response(request, response, HttpDate{}, whole && request.keep_alive() && reader.in_step());

    Answer answer;
    std::string_view head = wire.head;
    while (head.size() > 2) {
        const std::size_t size = head.find("\r\n");
        const std::string_view line = head.substr(0, size);
        if (answer.line.empty()) {
            answer.line = line;
        } else if (!line.starts_with("date: ")) {
            answer.head.append(line).append("\n");
        }
        head.remove_prefix(size + 2);
    }
    answer.body = wire.body;
    // A stream is read as far as it does not wait; its frames are there as a client gets them.
    for (std::string_view piece;
         wire.stream.active() && wire.stream.next(0, false, piece) == StreamSender::State::piece;)
        answer.body += piece;
    sent();
    exchange.finish();
    reader.release();
    return answer;
}

inline Answer get(const zigmund::http::App& app, std::string_view target) {
    return ask(app, std::string{"GET "}.append(target).append(" HTTP/1.1\r\nHost: a\r\n\r\n"));
}

/// A request with a body of JSON, or of another type; without a type if that is empty.
inline Answer send(const zigmund::http::App& app, std::string_view method, std::string_view target,
                   std::string_view body, std::string_view content_type = "application/json") {
    std::string bytes = std::string{method}.append(" ").append(target).append(" HTTP/1.1\r\nHost: a\r\n");
    if (!content_type.empty()) bytes.append("Content-Type: ").append(content_type).append("\r\n");
    return ask(
        app,
        bytes.append("Content-Length: ").append(std::to_string(body.size())).append("\r\n\r\n").append(body));
}

inline Answer post(const zigmund::http::App& app, std::string_view target, std::string_view body,
                   std::string_view content_type = "application/json") {
    return send(app, "POST", target, body, content_type);
}

}  // namespace test
