// CallSite: the live blocks that one place in the program made, and how many of them are told together.
#pragma once

#include <zigmund/alloc/arena.hpp>

#include <cstdint>
#include <memory_resource>
#include <span>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "guarded_block.hpp"
#include "stack_depot.hpp"

namespace zigmund::alloc::inline v0::detail {

struct Amount {
    std::int64_t bytes = 0;
    std::int64_t blocks = 0;

    Amount& operator+=(const Amount& other) noexcept {
        bytes += other.bytes;
        blocks += other.blocks;
        return *this;
    }
    Amount& operator-=(const Amount& other) noexcept {
        bytes -= other.bytes;
        blocks -= other.blocks;
        return *this;
    }
    friend bool operator==(const Amount&, const Amount&) = default;
};

struct CallSite {
    StackId stack;
    Amount amount;
    std::size_t smallest;
    std::size_t largest;
    std::uintptr_t example = 0;  // the oldest block
    std::uint32_t thread = 0;    // that made it
    std::uint32_t seconds = 0;   // when, from the allocator's birth
    Amount held = {};            // of the amount: blocks that only the others refer to

    /// Tells one origin from another: the stack; without one the size, which is all there is then.
    [[nodiscard]] static constexpr std::uint64_t key(StackId stack, std::size_t size) noexcept {
        return stack != 0 ? stack : of_size | size;
    }
    [[nodiscard]] static constexpr StackId stack_of(std::uint64_t key) noexcept {
        return (key & of_size) != 0 ? 0 : static_cast<StackId>(key);
    }
    [[nodiscard]] static constexpr std::size_t size_of(std::uint64_t key) noexcept {
        return (key & of_size) != 0 ? key & ~of_size : 0;
    }
    static constexpr std::uint64_t of_size = std::uint64_t{1} << 63;

    /// Takes in what another call site has.
    void merge(const CallSite& other) noexcept;
};

/// Groups live blocks by their origin. Its memory is the arena's.
class CallSites {
  public:
    explicit CallSites(Arena& arena) : sites_{&arena} {}

    void add(std::uintptr_t block, const Header& header);
    void add(const CallSite& site);

    /// All of them, the most bytes first. Those whose stacks are shown alike are one: a compiler that unrolls
    /// a loop makes several calls of one line. Names each address once.
    [[nodiscard]] std::pmr::vector<CallSite> sorted(Arena& arena) const;

    /// By key, in no order.
    [[nodiscard]] const std::pmr::unordered_map<std::uint64_t, CallSite>& by_key() const noexcept {
        return sites_;
    }

  private:
    std::pmr::unordered_map<std::uint64_t, CallSite> sites_;
};

/// The stacks that are shown alike have one number; without a stack, the size's.
class ShownStacks {
  public:
    explicit ShownStacks(Arena& arena) : known_{&arena} {}

    [[nodiscard]] std::uint64_t number(StackId stack, std::size_t size);

  private:
    std::uint64_t number_of(std::uintptr_t address);

    std::pmr::unordered_map<std::uintptr_t, std::uint64_t> known_;
};

/// Takes the call sites out of `sites` that one of `patterns` matches, and says how much that was.
Amount suppress(std::pmr::vector<CallSite>& sites, std::span<const std::string_view> patterns, Arena& arena);

}  // namespace zigmund::alloc::inline v0::detail
