// The memories that a trace is replayed on.
#pragma once

#include <cstdint>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "phases.hpp"
#include "replay.hpp"
#include "trace.hpp"

namespace zigmund::replay {

enum class Suits : std::uint8_t {
    program,  ///< in malloc's place, for all threads
    part,     ///< what one thread does, and that some time or other is over
};

/// What a replay does at the moments that are measured.
class Probe {
  public:
    Probe() = default;
    Probe(const Probe&) = delete;
    Probe& operator=(const Probe&) = delete;
    virtual ~Probe() = default;
    virtual void begin() = 0;
    virtual void end() = 0;
    /// Null: nothing is to be done between the operations, and nothing is called.
    void (*look)(Probe& probe, std::uint64_t operation) = nullptr;
};

struct Replay {
    const Trace& trace;
    const Phases& phases;
    std::span<Block> blocks;
    Touch touch;
    Probe& probe;
};

/// `libjemalloc.so.2 is not installed`
struct NotInstalled : std::runtime_error {
    using std::runtime_error::runtime_error;
};

struct Kind {
    std::string_view name;   ///< as --allocators has it
    std::string_view about;  ///< in the table
    Suits suits;
    bool keeps_all = false;  ///< frees nothing before its end
    /// Makes the memory, and replays on it. Returns the refusals. Throws NotInstalled, and what the loader says
    /// of a library that is installed and cannot be opened.
    std::uint64_t (*run)(const Replay& replay);
};

/// malloc is the first, which others are compared with; the arena with resets is the last.
[[nodiscard]] std::span<const Kind> kinds();

/// Starts the program anew, once, with thread-local room for libraries that are opened later, which is a word in
/// GLIBC_TUNABLES. Returns if it has that.
void reserve_thread_local_room(char** arguments);

/// The file of the process's malloc; empty: it is the C library's.
[[nodiscard]] std::string foreign_malloc();

}  // namespace zigmund::replay
