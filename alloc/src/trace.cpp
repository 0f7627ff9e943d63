#include <zigmund/alloc/trace.hpp>

#include <algorithm>
#include <array>
#include <bit>
#include <charconv>
#include <cstring>
#include <optional>
#include <unordered_map>

namespace zigmund::alloc::inline v0 {

class ZIGMUND_HIDDEN Trace::Parser {
  public:
    /// Null: the line is an operation of the trace, or empty.
    const char* line(std::string_view text) {
        words_ = text;
        const std::string_view verb = word();
        if (verb.empty() || verb.front() == '#') return nullptr;
        if (verb == "alloc") return alloc();
        if (verb == "free") return free();
        if (verb == "resize") return resize();
        if (verb == "remap") return remap();
        return "not an operation: write alloc, free, resize or remap";
    }

    Trace take() { return std::move(trace_); }

  private:
    using Address = std::uintptr_t;
    struct Block {
        std::size_t size;
        std::size_t align;
        std::size_t slot;
    };
    /// Several, because blocks of size 0 may share an address.
    using Live = std::unordered_multimap<Address, Block>;

    static constexpr const char* malformed = "malformed operation";
    static constexpr const char* not_live = "no live block has that address, size and alignment";
    static constexpr const char* live_already = "a live block has that address";

    const char* alloc() {
        const auto size = number();
        const auto align = alignment();
        const auto result = address();
        if (!size || !align || !result || !at_end()) return malformed;
        if (*result == 0) return nullptr;
        if (taken(*result, *size)) return live_already;
        if (free_slots_.empty()) free_slots_.push_back(trace_.slots_++);
        const std::size_t slot = free_slots_.back();
        free_slots_.pop_back();
        live_.emplace(*result, Block{*size, *align, slot});
        trace_.operations_.push_back({Verb::alloc, slot, *size, *align});
        return nullptr;
    }

    const char* free() {
        const auto p = address();
        const auto size = number();
        const auto align = alignment();
        if (!p || !size || !align || !at_end()) return malformed;
        const auto found = find(*p, *size, *align);
        if (found == live_.end()) return not_live;
        trace_.operations_.push_back({Verb::free, found->second.slot, 0, *align});
        free_slots_.push_back(found->second.slot);
        live_.erase(found);
        return nullptr;
    }

    const char* resize() {
        const auto p = address();
        const auto size = number();
        const auto align = alignment();
        const auto new_size = number();
        const std::string_view done = word();
        if (!p || !size || !align || !new_size || (done != "yes" && done != "no") || !at_end())
            return malformed;
        const auto found = find(*p, *size, *align);
        if (found == live_.end()) return not_live;
        if (done == "no") return nullptr;
        found->second.size = *new_size;
        trace_.operations_.push_back({Verb::resize, found->second.slot, *new_size, *align});
        return nullptr;
    }

    const char* remap() {
        const auto p = address();
        const auto size = number();
        const auto align = alignment();
        const auto new_size = number();
        const auto moved = address();
        if (!p || !size || !align || !new_size || !moved || !at_end()) return malformed;
        const auto found = find(*p, *size, *align);
        if (found == live_.end()) return not_live;
        if (*moved == 0) return nullptr;
        const std::size_t slot = found->second.slot;
        live_.erase(found);
        if (taken(*moved, *new_size)) return live_already;
        live_.emplace(*moved, Block{*new_size, *align, slot});
        trace_.operations_.push_back({Verb::remap, slot, *new_size, *align});
        return nullptr;
    }

    Live::iterator find(Address p, std::size_t size, std::size_t align) {
        const auto [first, last] = live_.equal_range(p);
        const auto found = std::find_if(first, last, [&](const auto& one) {
            return one.second.size == size && one.second.align == align;
        });
        return found == last ? live_.end() : found;
    }

    bool taken(Address p, std::size_t size) const {
        const auto [first, last] = live_.equal_range(p);
        return size != 0 && std::any_of(first, last, [](const auto& one) { return one.second.size != 0; });
    }

    // ---- the words of a line ----

    std::string_view word() {
        words_.remove_prefix(std::min(words_.find_first_not_of(" \t\r"), words_.size()));
        const std::string_view result = words_.substr(0, words_.find_first_of(" \t\r"));
        words_.remove_prefix(result.size());
        return result;
    }
    bool at_end() { return word().empty(); }

    static std::optional<std::size_t> parse(std::string_view digits, int base) {
        std::size_t value = 0;
        const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value, base);
        if (error != std::errc{} || end != digits.data() + digits.size()) return std::nullopt;
        return value;
    }
    std::optional<std::size_t> number() { return parse(word(), 10); }
    std::optional<std::size_t> alignment() {
        const auto align = number();
        return align && std::has_single_bit(*align) ? align : std::nullopt;
    }
    /// 0 for null.
    std::optional<Address> address() {
        const std::string_view text = word();
        if (text == "null") return 0;
        return text.starts_with("0x") ? parse(text.substr(2), 16) : std::nullopt;
    }

    Trace trace_;
    Live live_;
    std::vector<std::size_t> free_slots_;
    std::string_view words_;
};

std::expected<Trace, TraceError> Trace::parse(std::string_view text) {
    Parser parser;
    for (std::size_t line = 1; !text.empty(); ++line) {
        const std::size_t end = std::min(text.find('\n'), text.size());
        if (const char* reason = parser.line(text.substr(0, end)))
            return std::unexpected(TraceError{line, reason});
        text.remove_prefix(std::min(end + 1, text.size()));
    }
    return parser.take();
}

Replay Trace::replay(Allocator target) const {
    struct Block {
        void* p;
        std::size_t size;
        std::size_t align;
    };
    std::vector<Block> slots(slots_, Block{});
    Replay result;
    const auto change = [&](Block& block, const Operation& operation) noexcept {
        if (operation.verb == Verb::resize) {
            if (target.resize(block.p, block.size, block.align, operation.size)) return true;
        } else if (void* p = target.remap(block.p, block.size, block.align, operation.size)) {
            block.p = p;
            return true;
        }
        void* const copy = target.try_allocate(operation.size, block.align);
        if (copy == nullptr) return false;
        std::memcpy(copy, block.p, std::min(block.size, operation.size));
        target.deallocate(block.p, block.size, block.align);
        block.p = copy;
        ++result.copied;
        return true;
    };
    for (const Operation& operation : operations_) {
        Block& block = slots[operation.slot];
        if (operation.verb == Verb::alloc) {
            block = {target.try_allocate(operation.size, operation.align), operation.size, operation.align};
            if (block.p == nullptr) ++result.refused;
            result.live_bytes += block.p != nullptr ? block.size : 0;
            result.live_blocks += block.p != nullptr ? 1 : 0;
        } else if (block.p == nullptr) {
            continue;
        } else if (operation.verb == Verb::free) {
            target.deallocate(block.p, block.size, block.align);
            block.p = nullptr;
            result.live_bytes -= block.size;
            --result.live_blocks;
        } else if (change(block, operation)) {
            result.live_bytes = result.live_bytes - block.size + operation.size;
            block.size = operation.size;
        } else {
            ++result.refused;
        }
        ++result.operations;
        result.peak_bytes = std::max(result.peak_bytes, result.live_bytes);
    }
    for (const Block& block : slots)
        if (block.p != nullptr) target.deallocate(block.p, block.size, block.align);
    return result;
}

}  // namespace zigmund::alloc::inline v0
