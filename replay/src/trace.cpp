#include "trace.hpp"

#include <zigmund/alloc/arena.hpp>
#include <zigmund/alloc/pages.hpp>

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <set>
#include <unordered_map>

#include "machine.hpp"
#include "text.hpp"
#include "trace_parser.hpp"

namespace zigmund::replay {
namespace {

/// The greatest address space of a process.
constexpr std::uint64_t most_bytes = std::uint64_t{1} << 47;

/// A file in memory, as long as this lives.
class Mapping {
  public:
    explicit Mapping(const std::string& file) {
        const int descriptor = ::open(file.c_str(), O_RDONLY | O_CLOEXEC);
        struct stat status{};
        if (descriptor < 0 || ::fstat(descriptor, &status) != 0) {
            error_ = errno;
        } else if (!S_ISREG(status.st_mode)) {
            error_ = S_ISDIR(status.st_mode) ? EISDIR : EINVAL;
        } else if (status.st_size > 0) {
            size_ = static_cast<std::size_t>(status.st_size);
            void* const p = ::mmap(nullptr, size_, PROT_READ, MAP_PRIVATE, descriptor, 0);
            if (p == MAP_FAILED) {
                error_ = errno;
            } else {
                data_ = static_cast<const std::byte*>(p);
            }
        }
        if (descriptor >= 0) ::close(descriptor);
    }
    Mapping(const Mapping&) = delete;
    Mapping& operator=(const Mapping&) = delete;
    ~Mapping() {
        if (data_ != nullptr) ::munmap(const_cast<std::byte*>(data_), size_);
    }

    [[nodiscard]] int error() const noexcept { return error_; }
    [[nodiscard]] std::span<const std::byte> bytes() const noexcept { return {data_, size_}; }

  private:
    const std::byte* data_ = nullptr;
    std::size_t size_ = 0;
    int error_ = 0;
};

std::pmr::memory_resource* big_tables() { return &alloc::pages().resource(); }

}  // namespace

class Trace::Parser {
  public:
    Parser(std::span<const std::byte> bytes, const std::string& file) : bytes_{bytes}, file_{file} {}

    std::expected<Trace, std::string> parse() {
        if (read_head() && count() && place() && resolve()) return std::move(trace_);
        return std::unexpected(file_ + ": " + problem_);
    }

  private:
    bool fail(std::string why) {
        problem_ = std::move(why);
        return false;
    }
    bool fail_at(std::uint64_t operation, const std::string& what) {
        return fail("operation " + std::to_string(operation) + " " + what);
    }

    bool read_head() {
        format::Head head;
        if (bytes_.size() < sizeof head) return fail("not a trace of zigmund-leaks");
        std::memcpy(&head, bytes_.data(), sizeof head);
        if (head.magic != format::magic) return fail("not a trace of zigmund-leaks");
        if (head.version != format::version)
            return fail("a trace of version " + std::to_string(head.version) +
                        ", of which this zigmund-bench knows nothing: it reads version " +
                        std::to_string(format::version));
        const std::size_t part = bytes_.size() < format::head_bytes
                                     ? 0
                                     : (bytes_.size() - format::head_bytes) % format::chunk_bytes;
        // Who was making room for a chunk when there was none, or when it was killed, leaves zeros.
        const bool may_be_partial = head.end == format::End::killed || head.end == format::End::no_space;
        const auto is_zero = [](std::byte byte) { return byte == std::byte{}; };
        if (part != 0 && may_be_partial && std::ranges::all_of(bytes_.last(part), is_zero)) {
            bytes_ = bytes_.first(bytes_.size() - part);
        } else if (part != 0 || bytes_.size() < format::head_bytes) {
            const std::size_t chunk = bytes_.size() < format::head_bytes
                                          ? 0
                                          : (bytes_.size() - format::head_bytes) / format::chunk_bytes + 1;
            return fail("truncated: chunk " + std::to_string(chunk) + " ends at byte " +
                        std::to_string(format::head_bytes + chunk * format::chunk_bytes) +
                        ", the file at byte " + std::to_string(bytes_.size()));
        }
        trace_.program_.assign(head.program.data(), ::strnlen(head.program.data(), head.program.size()));
        if (head.end > format::End::no_space) return fail("damaged: it ended for an unknown reason");
        trace_.end_ = head.end;
        has_sites_ = head.has_sites != 0;
        return true;
    }

    /// Calls `visit(record) -> bool` for each record of the file.
    template <class Visit>
    bool for_each_record(Visit&& visit) {
        for (std::size_t begin = format::head_bytes, chunk = 1; begin < bytes_.size();
             begin += format::chunk_bytes, ++chunk) {
            ChunkReader reader{bytes_.subspan(begin, format::chunk_bytes)};
            while (const auto record = reader.next())
                if (!visit(*record)) return false;
            if (!reader.problem().empty())
                return fail("chunk " + std::to_string(chunk) + ", byte " + std::to_string(reader.place()) +
                            ": damaged: " + reader.problem());
        }
        return true;
    }

    bool count() {
        const bool read = for_each_record([this](const Record& record) {
            if (record.kind == format::Kind::name) {
                // The recorder cuts a long one anywhere.
                trace_.names_[record.site] = cut_text(record.name, record.name.size());
                return true;
            }
            ++records_;
            last_ = std::max(last_, record.order);
            return true;
        });
        if (!read) return false;
        if (records_ == 0) return fail("no operations");
        // Each writer of a process that was killed may have had a number and not written its record.
        const std::size_t may_lack = trace_.end_ == format::End::killed ? format::writers : 0;
        if (last_ < records_ || last_ - records_ > may_lack)
            return fail("damaged: there are " + std::to_string(records_) +
                        " operations, the last of which is number " + std::to_string(last_));
        const std::uint64_t needed =
            last_ * (sizeof(Placed) + sizeof(Operation) + (has_sites_ ? sizeof(std::uint32_t) : 0));
        const std::uint64_t there = available_bytes();
        if (there != 0 && needed > there)
            return fail("reading " + count_text(last_, "operation") + " takes " + bytes_text(needed) +
                        ", and " + bytes_text(there) + " are free");
        return true;
    }

    bool place() {
        placed_.resize(last_);
        const bool read = for_each_record([this](const Record& record) {
            if (record.kind == format::Kind::name) return true;
            if (record.order == 0 || record.order > last_) return fail_at(record.order, "is out of range");
            Placed& to = placed_[record.order - 1];
            if (to.kind != format::Kind::none) return fail_at(record.order, "is there twice");
            to = {.address = record.address,
                  .moved_to = record.moved_to,
                  .size = record.size,
                  .site = record.site,
                  .thread = record.thread,
                  .align_bits = record.align_bits,
                  .kind = record.kind};
            return true;
        });
        if (!read) return false;
        const auto hole =
            std::ranges::find_if(placed_, [](const Placed& one) { return one.kind == format::Kind::none; });
        if (hole == placed_.end()) return true;
        const auto whole = static_cast<std::uint64_t>(hole - placed_.begin());
        if (trace_.end_ != format::End::killed) return fail_at(whole + 1, "is missing");
        trace_.left_out_ = records_ - whole;
        if (whole == 0) return fail("no operations");
        placed_.resize(whole);
        return true;
    }

    bool resolve() {
        trace_.operations_.reserve(placed_.size());
        if (has_sites_) trace_.sites_.reserve(placed_.size());
        for (std::size_t i = 0; i < placed_.size(); ++i)
            if (!resolve(placed_[i], i + 1)) return false;
        Summary& sums = trace_.summary_;
        sums.threads = threads_.size();
        sums.live_bytes = live_bytes_;
        sums.live_blocks = live_.size();
        trace_.slots_ = blocks_.size();
        return true;
    }

    struct Placed {
        std::uint64_t address;
        std::uint64_t moved_to;
        std::uint64_t size;
        std::uint32_t site;
        std::uint16_t thread;
        std::uint8_t align_bits;
        format::Kind kind;
    };
    struct Block {
        std::uint64_t size;
        std::uint16_t thread;
        std::uint8_t align_bits;
    };

    bool resolve(const Placed& one, std::uint64_t number) {
        threads_.insert(one.thread);
        Summary& sums = trace_.summary_;
        if (one.kind == format::Kind::allocate) {
            if (live_.contains(one.address)) return fail_at(number, "allocates where a live block is");
            if (free_slots_.empty()) {
                free_slots_.push_back(static_cast<std::uint32_t>(blocks_.size()));
                blocks_.emplace_back();
            }
            const std::uint32_t slot = free_slots_.back();
            free_slots_.pop_back();
            live_.emplace(one.address, slot);
            blocks_[slot] = {one.size, one.thread, one.align_bits};
            ++sums.allocations;
            sums.bytes += one.size;
            add(one, slot, Verb::allocate, one.size);
            return grow(0, one.size, number);
        }
        const auto found = live_.find(one.address);
        if (found == live_.end())
            return fail_at(number, one.kind == format::Kind::free ? "frees a block that is not live"
                                                                  : "resizes a block that is not live");
        const std::uint32_t slot = found->second;
        Block& block = blocks_[slot];
        if (one.kind == format::Kind::free) {
            ++sums.frees;
            sums.freed_elsewhere += block.thread != one.thread ? 1 : 0;
            add(one, slot, Verb::free, block.size);
            free_slots_.push_back(slot);
            live_.erase(found);
            return grow(block.size, 0, number);
        }
        if (one.kind == format::Kind::move) {
            live_.erase(found);
            if (!live_.emplace(one.moved_to, slot).second)
                return fail_at(number, "allocates where a live block is");
        }
        ++sums.resizes;
        sums.bytes += one.size > block.size ? one.size - block.size : 0;
        const std::uint64_t before = std::exchange(block.size, one.size);
        add(one, slot, Verb::resize, one.size);
        return grow(before, one.size, number);
    }

    void add(const Placed& one, std::uint32_t slot, Verb verb, std::uint64_t size) {
        trace_.operations_.push_back({size, slot, one.thread, blocks_[slot].align_bits, verb});
        if (has_sites_) trace_.sites_.push_back(one.site);
    }

    bool grow(std::uint64_t before, std::uint64_t size, std::uint64_t number) {
        live_bytes_ -= before;
        if (size > most_bytes || live_bytes_ + size > most_bytes)
            return fail_at(number, "brings the live bytes to " +
                                       std::to_string(size > most_bytes ? size : live_bytes_ + size) +
                                       ", which no machine has");
        live_bytes_ += size;
        Summary& sums = trace_.summary_;
        sums.peak_blocks = std::max<std::uint64_t>(sums.peak_blocks, live_.size());
        if (live_bytes_ > sums.peak_bytes) {
            sums.peak_bytes = live_bytes_;
            sums.peak_at = number - 1;
        }
        return true;
    }

    std::span<const std::byte> bytes_;
    const std::string& file_;
    std::string problem_;
    Trace trace_;
    bool has_sites_ = false;
    std::uint64_t records_ = 0;
    std::uint64_t last_ = 0;
    std::uint64_t live_bytes_ = 0;
    std::set<std::uint16_t> threads_;
    std::pmr::vector<Placed> placed_{big_tables()};
    std::pmr::vector<Block> blocks_{big_tables()};
    std::pmr::vector<std::uint32_t> free_slots_{big_tables()};
    alloc::Arena arena_{alloc::pages(), {.recycle = true}};
    std::pmr::unordered_map<std::uint64_t, std::uint32_t> live_{&arena_};
};

Trace::Trace() : operations_{big_tables()}, sites_{big_tables()} {}

std::expected<Trace, std::string> Trace::read(const std::string& file) {
    const Mapping mapping{file};
    if (mapping.error() != 0)
        return std::unexpected("cannot open " + file + ": " + std::strerror(mapping.error()));
    return parse(mapping.bytes(), file);
}

std::expected<Trace, std::string> Trace::parse(std::span<const std::byte> bytes, const std::string& file) {
    return Parser{bytes, file}.parse();
}

std::string Trace::site_name(std::uint32_t site) const {
    const auto found = names_.find(site);
    if (found != names_.end() && !found->second.empty()) return found->second;
    return site == 0 ? "call site not recorded"
                     : "call site " + std::to_string(site) + ", which was not named";
}

}  // namespace zigmund::replay
