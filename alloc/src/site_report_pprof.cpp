// The message `perftools.profiles.Profile` of pprof's profile.proto, field by field. Protobuf's wire format:
// a key (field number and wire type) before each value, numbers in groups of seven bits, lowest first, and
// strings and messages with their length before them.
#include <zigmund/alloc/arena.hpp>
#include <zigmund/alloc/pages.hpp>

#include <chrono>
#include <memory_resource>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "site_report.hpp"
#include "stack_report.hpp"

namespace zigmund::alloc::inline v0::detail {
namespace {

/// One message of protobuf.
class Message {
  public:
    explicit Message(Arena& arena) : bytes_{&arena} {}

    /// A field that is 0 is not written, as proto3 has it.
    void number(unsigned field, std::uint64_t value) {
        if (value == 0) return;
        varint(std::uint64_t{field} << 3);
        varint(value);
    }
    void integer(unsigned field, std::int64_t value) { number(field, static_cast<std::uint64_t>(value)); }
    void bytes(unsigned field, std::string_view content) {
        varint(std::uint64_t{field} << 3 | 2U);
        varint(content.size());
        bytes_.append(content);
    }
    void message(unsigned field, const Message& inner) { bytes(field, inner.bytes_); }
    /// The fields of another message as its own.
    void append(const Message& other) { bytes_.append(other.bytes_); }
    /// A number of a packed field, all of which are in a message of their own.
    void varint(std::uint64_t value) {
        for (; value >= 0x80; value >>= 7) bytes_.push_back(static_cast<char>(0x80 | (value & 0x7F)));
        bytes_.push_back(static_cast<char>(value));
    }
    [[nodiscard]] std::string_view content() const noexcept { return bytes_; }

  private:
    std::pmr::string bytes_;
};

class Profile {
  public:
    explicit Profile(Arena& arena)
        : arena_{arena},
          profile_{arena},
          strings_{&arena},
          functions_{&arena},
          mappings_{&arena},
          locations_{&arena} {
        (void)string("");  // must have the number 0
        sample_type("inuse_objects", "count");
        sample_type("inuse_space", "bytes");
    }

    void sample(const CallSite& site) {
        Message ids{arena_};
        std::optional<Message> location;
        std::uintptr_t address = 0;
        for_each_shown(stack_frames(site.stack), [&](const SourceFrame& frame) {
            if (frame.address != address) {
                if (location) ids.varint(number_of_location(*location));
                address = frame.address;
                location.emplace(arena_);
                location->number(2, mapping(frame));
                location->number(3, address);
            }
            Message line{arena_};  // innermost first, as the inlined ones come
            line.number(1, function(frame));
            line.integer(2, frame.line);
            location->message(4, line);
        });
        if (location) ids.varint(number_of_location(*location));
        Message values{arena_};
        values.varint(static_cast<std::uint64_t>(site.amount.blocks));
        values.varint(static_cast<std::uint64_t>(site.amount.bytes));
        Message sample{arena_};
        sample.message(1, ids);
        sample.message(2, values);
        profile_.message(2, sample);
    }

    /// The whole message.
    [[nodiscard]] std::string_view finish() {
        const auto now = std::chrono::system_clock::now().time_since_epoch();
        profile_.integer(9, std::chrono::nanoseconds{now}.count());
        profile_.message(11, value_type("space", "bytes"));
        profile_.integer(12, 1);
        profile_.integer(14, string("inuse_space"));
        return profile_.content();
    }

  private:
    using Numbers = std::pmr::unordered_map<std::pmr::string, std::uint64_t>;

    /// The number of `key`, counted from 1, and whether it is new.
    static std::pair<std::uint64_t, bool> number(Numbers& numbers, std::string_view key) {
        const auto [place, added] =
            numbers.try_emplace(std::pmr::string{key, numbers.get_allocator()}, numbers.size() + 1);
        return {place->second, added};
    }
    /// The table of strings has each in the order of its number, which counts from 0.
    std::int64_t string(std::string_view text) {
        const auto [number_of_text, added] = number(strings_, text);
        if (added) profile_.bytes(6, text);
        return static_cast<std::int64_t>(number_of_text) - 1;
    }
    Message value_type(std::string_view type, std::string_view unit) {
        Message message{arena_};
        message.integer(1, string(type));
        message.integer(2, string(unit));
        return message;
    }
    void sample_type(std::string_view type, std::string_view unit) {
        profile_.message(1, value_type(type, unit));
    }
    std::uint64_t function(const SourceFrame& frame) {
        std::pmr::string key{frame.function, &arena_};
        key.push_back('\0');
        key.append(frame.file);
        const auto [id, added] = number(functions_, key);
        if (added) {
            Message message{arena_};
            message.number(1, id);
            message.integer(2, string(frame.function));
            message.integer(3, string(frame.function));
            message.integer(4, string(frame.file));
            profile_.message(5, message);
        }
        return id;
    }
    /// 0: not known.
    std::uint64_t mapping(const SourceFrame& frame) {
        if (frame.module.empty()) return 0;
        const auto [id, added] = number(mappings_, frame.module);
        if (added) {
            Message message{arena_};
            message.number(1, id);
            message.number(2, frame.address - frame.offset);
            message.integer(5, string(frame.module));
            for (unsigned known = 7; known <= 10; ++known)  // functions, files, lines, inlined frames
                message.number(known, 1);
            profile_.message(3, message);
        }
        return id;
    }
    std::uint64_t number_of_location(const Message& location) {
        const auto [id, added] = number(locations_, location.content());
        if (added) {
            Message message{arena_};
            message.number(1, id);
            message.append(location);
            profile_.message(4, message);
        }
        return id;
    }

    Arena& arena_;
    Message profile_;
    Numbers strings_;
    Numbers functions_;
    Numbers mappings_;
    Numbers locations_;
};

}  // namespace

void write_pprof(TextWriter& out, const SiteReport& report) {
    Arena arena{pages()};
    Profile profile{arena};
    for (const CallSite& site : report.sites) profile.sample(site);
    out << profile.finish();
}

}  // namespace zigmund::alloc::inline v0::detail
