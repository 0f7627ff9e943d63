// CheckedUpstream: the upstream to put under an allocator that is being tested.
//
// It holds its client to the contract of Resource from the other side: what comes back must be what was
// given out, with the size and the alignment that it has; nothing may be written outside a block; nothing
// may be kept at the end. It is as unhelpful as the contract allows: an address is aligned exactly as asked
// and never better, memory comes dirty, and a chosen call can be made to fail. Breaches are collected as text
// and never end the process, so that one run shows them all.
//
// Threads: any, at the same time (one lock). Cost: a map entry and up to three times the alignment for each
// block; for tests. Memory comes from malloc.
#pragma once

#include <zigmund/alloc/export.hpp>
#include <zigmund/alloc/resource.hpp>

#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <vector>

namespace zigmund::alloc::inline v0::testing {

class ZIGMUND_EXPORT CheckedUpstream final : public Resource {
  public:
    /// What resize() and remap() do.
    enum class Growth : std::uint8_t {
        refuses,   ///< both refuse whatever is asked
        in_place,  ///< both succeed up to twice the first size, at the same address
        moves,     ///< resize() refuses, remap() succeeds and always moves
    };

    /// Nothing fails before fail_at().
    explicit CheckedUpstream(Growth growth = Growth::refuses) noexcept : growth_{growth} {}
    /// Frees the blocks that were not given back.
    ~CheckedUpstream() override;

    /// Lets the call with this index fail: the index counts try_allocate, resize and remap together, from 0
    /// at construction. With `and_later`, all that follow fail as well.
    void fail_at(std::size_t call, bool and_later = false) noexcept;
    /// No further failures.
    void fail_never() noexcept;

    /// Calls of try_allocate, resize and remap so far.
    [[nodiscard]] std::size_t calls() const;
    /// What was handed out and not given back.
    [[nodiscard]] std::size_t live_blocks() const;
    [[nodiscard]] std::size_t live_bytes() const;

    /// The breaches so far, in order, those among the blocks that are still out included. Empty: none.
    /// Linear in the bytes that are out.
    [[nodiscard]] std::vector<std::string> violations() const;

  private:
    struct Block {
        void* memory;  // what malloc gave
        std::size_t size;
        std::size_t capacity;
        std::size_t align;
    };
    using Blocks = std::map<void*, Block>;

    void* do_try_allocate(std::size_t size, std::size_t align) noexcept override;
    void do_deallocate(void* p, std::size_t size, std::size_t align) noexcept override;
    bool do_resize(void* p, std::size_t old_size, std::size_t align, std::size_t new_size) noexcept override;
    void* do_remap(void* p, std::size_t old_size, std::size_t align, std::size_t new_size) noexcept override;

    bool next_call_fails() noexcept;
    void* make(std::size_t size, std::size_t align) noexcept;
    bool resize_in_place(void* p, std::size_t new_size) noexcept;
    Blocks::iterator find(const char* verb, void* p, std::size_t size, std::size_t align);
    static void check_edges(void* p, const Block& block, std::vector<std::string>& violations);

    const Growth growth_;
    mutable std::mutex mutex_;
    Blocks blocks_;
    std::vector<std::string> violations_;
    std::size_t live_bytes_ = 0;
    std::size_t calls_ = 0;
    std::size_t fail_from_ = SIZE_MAX;
    std::size_t fail_until_ = SIZE_MAX;
};

}  // namespace zigmund::alloc::inline v0::testing
