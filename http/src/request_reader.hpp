// RequestReader: bytes in, requests out, without a socket.
//
//     reader.next(request);                            // state of what is buffered already (pipelining)
//     while (need_more) { read into reader.prepare(); state = reader.commit(received); }
//     ... serve the request ...
//     reader.release();                                // its views are dead; what follows it is kept
//
// The head and a body that fits behind it stay in the connection's block: the request is views into it,
// nothing is copied. A larger body gets a block of the request's arena that grows as the body arrives, so
// that a length is believed when its bytes are here; a chunked one is joined there.
//
// A multipart form for a route that takes files is not kept: its bytes go on to a MultipartForm as they
// arrive. The request is complete when the form is, or when it is refused, which the handler's parameters
// then say.
//
// A request whose body is still to come is routed first, by the App that is given: a body that nobody looks
// at (404, 405, a handler without a parameter for it) is not waited for, the request is complete with an
// empty one. What comes of it, up to 64 KiB, is dropped when the next request is read; with more to come,
// with chunks, or with a client that still waits for "100 Continue", the connection is to be closed: see
// in_step().
//
// The grammar is in head_lines.hpp and chunk_decoder.hpp, what decides where a request ends in framing.hpp. It was
// Beast's basic_parser at first, which took a third of the instructions of a request with a body; the tests
// compare with it. After a failure the connection is to be closed: where the next request would begin is in
// doubt.
//
// Threads: one. Cost: a request that arrives in one piece is scanned once. Memory: the block, and the arena.
#pragma once

#include <zigmund/http/body_limits.hpp>
#include <zigmund/http/body_use.hpp>
#include <zigmund/http/request.hpp>
#include <zigmund/http/status.hpp>

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <utility>

#include "chunk_decoder.hpp"
#include "framing.hpp"
#include "head_lines.hpp"

namespace zigmund::http::inline v0 {

class App;

class RequestReader {
  public:
    /// The block's size, in bytes, which is also the limit for a request's line and header fields together.
    static constexpr std::size_t block_size = 16384;
    /// The limit for one line of them, its end included.
    static constexpr std::size_t max_line = 8192;

    enum class State : std::uint8_t {
        need_more,  ///< read into prepare()
        complete,   ///< the request is whole
        failed,     ///< answer with error(), then close
    };

    /// A body beyond the limits fails with 413. Without an App every body is read into memory.
    RequestReader(std::span<char, block_size> block, const BodyLimits& limits,
                  const App* app = nullptr) noexcept
        : block_{block}, limits_{limits}, app_{app}, input_{block} {}
    RequestReader(const RequestReader&) = delete;
    RequestReader& operator=(const RequestReader&) = delete;

    /// Starts a request: its parts are written to `request`, in whose arena lies what does not fit the block.
    /// Throws std::bad_alloc, as commit() does, when the arena has no room.
    State next(Request& request);

    /// Where the next bytes are to be written; never empty while more are needed.
    [[nodiscard]] std::span<char> prepare() noexcept;

    /// `size` bytes have been written there. Between two requests they wait for next().
    State commit(std::size_t size);

    /// Ends the request: what was read beyond it moves to the front of the block. To be called while the
    /// request's arena is alive.
    void release() noexcept;

    /// release(), and what was read beyond the request is dropped: the next bytes come from elsewhere.
    void clear() noexcept;

    /// The status to answer with after a failure.
    [[nodiscard]] Status error() const noexcept { return error_; }
    /// Whether bytes of a request that is not whole are here.
    [[nodiscard]] bool started() const noexcept { return has_line_ || begin_ != end_ || unread_ != 0; }
    /// Whether what follows a request that is complete can be told from its body, of which some may not have
    /// been read. If not, the connection is to be closed after the response.
    [[nodiscard]] bool in_step() const noexcept { return in_step_; }
    /// Whether what is awaited is the rest of a body that nobody looks at, of a request that was answered.
    [[nodiscard]] bool dropping() const noexcept { return phase_ == Phase::dropped_body; }
    /// Whether the head is whole and what is awaited is of a body.
    [[nodiscard]] bool in_body() const noexcept { return phase_ != Phase::head; }
    /// Whether the start of another request is here behind the one that is whole.
    [[nodiscard]] bool followed() const noexcept { return left() != 0; }
    /// Whether the client waits for "100 Continue" before it sends the body. True once a request.
    [[nodiscard]] bool take_continue() noexcept { return std::exchange(wants_continue_, false); }

  private:
    enum class Phase : std::uint8_t { head, sized_body, sized_form, chunked_body, dropped_body };

    [[nodiscard]] std::size_t left() const noexcept;
    State advance();
    State read_head();
    State stop_head(const char* at, LineScan scan) noexcept;
    bool take_line(const RequestLine& line) noexcept;
    bool take_field(const Field& field) noexcept;
    bool take_head();
    bool refuse(Status status) noexcept;
    State begin_body();
    State begin_sized_body();
    State begin_sized_form();
    State read_sized_form();
    State end_form();
    State read_sized_body();
    State begin_chunked_body();
    State read_chunked_body();
    State leave_body() noexcept;
    State drop_body();
    void grow_body();
    [[nodiscard]] bool waits_for_continue() const noexcept;
    State fail(Status status) noexcept;
    void append_body(std::string_view part);

    std::span<char, block_size> block_;
    BodyLimits limits_;
    const App* app_;
    Request* request_ = nullptr;
    std::span<char> input_;          ///< what is read into: the block, or a block of the arena
    std::size_t begin_ = 0;          ///< of what is not yet consumed in it
    std::size_t end_ = 0;            ///< of what was read into it
    std::size_t body_size_ = 0;      ///< of a sized body: all of it; of a form: to come; of chunks: so far
    std::span<char> body_;           ///< of a chunked body
    std::size_t unread_ = 0;         ///< of a body that nobody looks at: what is still to come
    std::size_t max_chunked_ = 0;    ///< of a chunked body: what it may have
    MultipartForm* form_ = nullptr;  ///< what the body is fed to
    Framing framing_;
    ChunkDecoder chunks_;
    Phase phase_ = Phase::head;
    std::uint8_t blank_lines_ = 0;
    bool has_line_ = false;  ///< whether the request line was read
    bool wants_continue_ = false;
    bool in_step_ = true;
    Status error_ = Status::bad_request;
};

}  // namespace zigmund::http::inline v0
