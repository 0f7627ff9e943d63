#include "reachability.hpp"

#include <dlfcn.h>
#include <fcntl.h>
#include <unistd.h>
#include <unwind.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <cstring>

#include "own_pages.hpp"
#include "process_heap.hpp"
#include "process_memory.hpp"

namespace zigmund::alloc::inline v0::interpose {
namespace {

using Word = std::uintptr_t;
constexpr std::size_t page = 4096;

// ---- the end of the stack ----

/// The file that an address belongs to, by where it is loaded; 0: none.
std::uintptr_t module_of(std::uintptr_t address) noexcept {
    Dl_info info{};
    return ::dladdr(reinterpret_cast<void*>(address), &info) == 0
               ? 0
               : reinterpret_cast<std::uintptr_t>(info.dli_fbase);
}

struct Walk {
    std::uintptr_t c_library = module_of(reinterpret_cast<std::uintptr_t>(&std::exit));
    std::uintptr_t this_library = module_of(reinterpret_cast<std::uintptr_t>(&end_of_stack));
    EndOfStack end{};
    std::uintptr_t above = 0;  // the frame address of the frame before
};

_Unwind_Reason_Code walk_one(_Unwind_Context* context, void* data) noexcept {
    auto& walk = *static_cast<Walk*>(data);
    const std::uintptr_t module = module_of(_Unwind_GetIP(context));
    // What calls main is the C library's as well: the program has no frame then, but its start.
    if (module != 0 && (module == walk.c_library || module == walk.this_library)) {
        walk.above = _Unwind_GetCFA(context);
        return _URC_NO_REASON;
    }
    walk.end.begin = walk.above;  // of the last frame that is over
#if defined(__x86_64__)
    constexpr std::array kept{3, 6, 12, 13, 14, 15};  // rbx, rbp, r12 to r15
    for (std::size_t i = 0; i < kept.size(); ++i) walk.end.registers[i] = _Unwind_GetGR(context, kept[i]);
#endif
    return _URC_END_OF_STACK;
}

// ---- memory ----

struct Mapping {
    std::uintptr_t begin;
    std::uintptr_t end;
    bool readable;
    bool written;  // may be written, and reading it has no effect
};

template <class T>
std::span<T> room_for(std::size_t count) noexcept {
    auto* const memory = static_cast<T*>(detail::map_pages(std::max<std::size_t>(count, 1) * sizeof(T)));
    return {memory, memory == nullptr ? 0 : count};
}

std::uintptr_t hex(const char*& at) noexcept {
    char* end = nullptr;
    const std::uintptr_t value = std::strtoul(at, &end, 16);
    at = end;
    return value;
}

/// /proc/self/maps. Empty: it cannot be read.
std::span<Mapping> read_mappings() noexcept {
    const std::span<char> text = room_for<char>(std::size_t{32} << 20);
    const std::span<Mapping> mappings = room_for<Mapping>(std::size_t{256} << 10);
    const int file = ::open("/proc/self/maps", O_RDONLY | O_CLOEXEC);
    if (file < 0 || text.empty() || mappings.empty()) return {};
    std::size_t size = 0;
    for (ssize_t got = 1; got > 0 && size < text.size() - 1; size += static_cast<std::size_t>(got)) {
        got = ::read(file, text.data() + size, text.size() - 1 - size);
        if (got < 0) break;
    }
    (void)::close(file);
    text[size] = 0;
    std::size_t count = 0;
    for (const char* line = text.data(); *line != 0 && count < mappings.size();) {
        const char* const end = std::strchr(line, '\n');
        if (end == nullptr) break;
        const std::string_view all{line, static_cast<std::size_t>(end - line)};
        const char* at = line;
        Mapping& mapping = mappings[count++];
        mapping.begin = hex(at);
        mapping.end = hex(++at);
        mapping.readable = at[1] == 'r';
        const bool device = all.find(" /dev/") != std::string_view::npos &&
                            all.find(" /dev/zero") == std::string_view::npos &&
                            all.find(" /dev/shm") == std::string_view::npos;
        mapping.written =
            at[1] == 'r' && at[2] == 'w' && !device && all.find("[vv") == std::string_view::npos;
        line = end + 1;
    }
    return mappings.first(count);
}

// ---- blocks ----

enum class Mark : std::uint8_t { none, reachable, pointed_to, told };

struct Node {
    Word begin;
    std::size_t size;
    Mark mark;
};

class Search {
  public:
    /// `still`: all other threads stand still.
    Search(const GeneralPurposeAllocator& of, std::span<Mapping> mappings, bool still) noexcept
        : of_{of}, mappings_{mappings}, still_{still} {}

    [[nodiscard]] bool collect() noexcept {
        UnsizedAccess::for_each_live(
            of_, [](const UnsizedAccess::Block&, void* self) { ++static_cast<Search*>(self)->count_; }, this);
        nodes_ = room_for<Node>(count_);
        work_ = room_for<std::uint32_t>(count_);
        if (nodes_.size() != count_ || count_ > UINT32_MAX) return false;
        count_ = 0;
        UnsizedAccess::for_each_live(
            of_,
            [](const UnsizedAccess::Block& block, void* self) {
                auto& search = *static_cast<Search*>(self);
                if (search.count_ < search.nodes_.size())
                    search.nodes_[search.count_++] = {.begin = reinterpret_cast<Word>(block.address),
                                                      .size = block.size,
                                                      .mark = Mark::none};
            },
            this);
        nodes_ = nodes_.first(count_);
        std::ranges::sort(nodes_, {}, &Node::begin);
        if (!nodes_.empty()) end_ = nodes_.back().begin + std::max<std::size_t>(nodes_.back().size, 1);
        return true;
    }

    /// Memory that is no root: the allocators', and the unused ends of stacks.
    [[nodiscard]] bool leave_out(const EndOfStack& end, std::span<const std::uintptr_t> stacks) noexcept {
        const std::span<const PageRange> books = own_pages();
        left_out_ = room_for<PageRange>(books.size() + stacks.size() + 8);
        if (left_out_.empty()) return false;
        std::size_t count = 0;
        const auto add = [&](Word begin, Word past) {
            if (begin < past) left_out_[count++] = {.begin = begin, .end = past};
        };
        const auto add_span = [&](std::span<const std::byte> memory) {
            const auto begin = reinterpret_cast<Word>(memory.data());
            add(begin, begin + memory.size());
        };
        for (const PageRange& book : own_pages()) add(book.begin, book.end);
        // Which of the backing's blocks are in use, the sampling tier does not know.
        if (options().tier != Tier::sampled) add_span(tracked_memory().region());
        add_span(untracked_memory().region());
        add_span(UnsizedAccess::guarded_range(of_));
        add_unused(end.begin, add);
        for (const std::uintptr_t stack : stacks) add_unused(stack, add);
        left_out_ = left_out_.first(count);
        std::ranges::sort(left_out_, {}, &PageRange::begin);
        return true;
    }

    void mark_from_roots(const EndOfStack& end) noexcept {
        for (const Word word : end.registers) visit(word, Mark::reachable);
        std::size_t next = 0;
        for (const Mapping& mapping : mappings_) {
            if (!mapping.written) continue;
            Word at = mapping.begin;
            while (next < left_out_.size() && left_out_[next].end <= at) ++next;
            for (std::size_t i = next; at < mapping.end; ++i) {
                const bool more = i < left_out_.size() && left_out_[i].begin < mapping.end;
                if (more && left_out_[i].end <= at) continue;
                const Word until = more ? std::max(left_out_[i].begin, at) : mapping.end;
                scan_touched(at, until);
                at = more ? left_out_[i].end : mapping.end;
            }
        }
        flood(Mark::reachable);
    }

    /// Groups what was not marked.
    [[nodiscard]] bool group(Reachability& found) noexcept {
        const std::span<UnsizedAccess::Lost> all = room_for<UnsizedAccess::Lost>(nodes_.size());
        if (all.size() != nodes_.size()) return false;
        std::size_t reachable = 0;
        for (const Node& node : nodes_) {
            if (node.mark != Mark::reachable) continue;
            all[all.size() - ++reachable] = alone(node);
            found.reachable_bytes += node.size;
        }
        found.reachable = all.last(reachable);
        for (Node& node : nodes_)
            if (node.mark != Mark::reachable) point_from(node);
        std::size_t lost = 0;
        const auto tell = [&](Mark wanted) {
            for (Node& node : nodes_)
                if (node.mark == wanted) all[lost++] = with_what_it_holds(node);
        };
        tell(Mark::none);
        tell(Mark::pointed_to);  // rings, and what they hold
        found.lost = all.first(lost);
        return true;
    }

  private:
    static UnsizedAccess::Lost alone(const Node& node) noexcept {
        return {.address = reinterpret_cast<void*>(node.begin),
                .smallest = node.size,
                .largest = node.size,
                .held_bytes = 0,
                .held_blocks = 0};
    }

    /// The part of a stack below what is in use, if it is told by a guard page that it is one, or the name.
    void add_unused(Word used, auto&& add) const noexcept {
        const auto place = std::ranges::upper_bound(mappings_, used, {}, &Mapping::begin);
        if (place == mappings_.begin()) return;
        const Mapping& mapping = *(place - 1);
        if (used >= mapping.end) return;
        const bool first = place - 1 == mappings_.begin();
        const bool guarded = !first && (place - 2)->end == mapping.begin && !(place - 2)->readable;
        const bool alone = first || (place - 2)->end != mapping.begin;
        if (guarded || alone) add(mapping.begin, used & ~(sizeof(Word) - 1));
    }

    [[nodiscard]] Node* node_at(Word address) noexcept {
        if (nodes_.empty() || address < nodes_.front().begin || address >= end_) return nullptr;
        const auto place = std::ranges::upper_bound(nodes_, address, {}, &Node::begin);
        Node& node = *(place - 1);
        return address - node.begin < std::max<std::size_t>(node.size, 1) ? &node : nullptr;
    }

    void visit(Word word, Mark mark) noexcept {
        Node* const node = node_at(word);
        if (node == nullptr || node->mark == Mark::reachable || node->mark == mark ||
            node->mark == Mark::told)
            return;
        node->mark = mark;
        if (mark != Mark::pointed_to) work_[waiting_++] = static_cast<std::uint32_t>(node - nodes_.data());
    }

    void visit_words(const std::byte* memory, std::size_t size, Mark mark) noexcept {
        for (std::size_t i = 0; i + sizeof(Word) <= size; i += sizeof(Word)) {
            Word word;
            std::memcpy(&word, memory + i, sizeof word);
            if (word >= nodes_.front().begin && word < end_) visit(word, mark);
        }
    }

    /// Reads through the kernel: the program may have taken its rights away.
    void scan(Word begin, Word end, Mark mark) noexcept {
        while (begin < end) {
            const std::size_t size = std::min<std::size_t>(end - begin, buffer_.size());
            if (detail::read_memory(reinterpret_cast<const void*>(begin), buffer_.data(), size)) {
                visit_words(buffer_.data(), size, mark);
                begin += size;
                continue;
            }
            const Word past = std::min<Word>(end, begin + size);
            while (begin < past) {
                const std::size_t part = std::min<std::size_t>(past - begin, page - begin % page);
                if (detail::read_memory(reinterpret_cast<const void*>(begin), buffer_.data(), part))
                    visit_words(buffer_.data(), part, mark);
                begin += part;
            }
        }
    }

    /// Pages that were never touched hold nothing, and reading them would make page tables for them.
    void scan_touched(Word begin, Word end) noexcept {
        if (pagemap_ < 0) pagemap_ = ::open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
        std::array<std::uint64_t, 512> entries;
        Word touched = begin;  // from here to `begin` all pages were
        while (begin < end) {
            const std::size_t pages = std::min(entries.size(), (end - begin / page * page + page - 1) / page);
            const ssize_t got =
                ::pread(pagemap_, entries.data(), pages * 8, static_cast<off_t>(begin / page * 8));
            if (got < 8) return scan(touched, end, Mark::reachable);
            for (std::size_t i = 0; i < static_cast<std::size_t>(got) / 8; ++i) {
                const Word next = std::min<Word>(end, (begin / page + 1) * page);
                if (entries[i] >> 62 == 0) {  // neither present nor swapped out
                    scan(touched, begin, Mark::reachable);
                    touched = next;
                }
                begin = next;
            }
        }
        scan(touched, end, Mark::reachable);
    }

    void scan_block(const Node& node, Mark mark) noexcept {
        const Word begin = (node.begin + sizeof(Word) - 1) & ~(sizeof(Word) - 1);
        const Word end = node.begin + node.size;
        if (begin >= end) return;
        if (still_ && node.size < page)
            return visit_words(reinterpret_cast<const std::byte*>(begin), end - begin, mark);
        scan(begin, end, mark);
    }

    void flood(Mark mark) noexcept {
        while (waiting_ != 0) scan_block(nodes_[work_[--waiting_]], mark);
    }

    /// Marks what a lost block points to, other than itself.
    void point_from(Node& node) noexcept {
        const Mark before = node.mark;
        scan_block(node, Mark::pointed_to);
        node.mark = before;
    }

    [[nodiscard]] UnsizedAccess::Lost with_what_it_holds(Node& root) noexcept {
        UnsizedAccess::Lost lost = alone(root);
        root.mark = Mark::told;
        work_[waiting_++] = static_cast<std::uint32_t>(&root - nodes_.data());
        while (waiting_ != 0) {
            const Node& node = nodes_[work_[--waiting_]];
            if (&node != &root) {
                lost.held_bytes += node.size;
                ++lost.held_blocks;
                lost.smallest = std::min(lost.smallest, node.size);
                lost.largest = std::max(lost.largest, node.size);
            }
            scan_block(node, Mark::told);
        }
        return lost;
    }

    const GeneralPurposeAllocator& of_;
    std::span<Mapping> mappings_;
    bool still_;
    std::size_t count_ = 0;
    std::span<Node> nodes_;
    std::span<std::uint32_t> work_;  // marked, and not looked into yet
    std::size_t waiting_ = 0;
    std::span<PageRange> left_out_;
    Word end_ = 0;
    int pagemap_ = -1;
    std::array<std::byte, 64 << 10> buffer_;
};

}  // namespace

EndOfStack end_of_stack() noexcept {
    Walk walk;
    (void)_Unwind_Backtrace(walk_one, &walk);
    return walk.end;
}

Reachability find_reachable(const GeneralPurposeAllocator& of, const EndOfStack& end,
                            const StoppedThreads& others) noexcept {
    Reachability found;
    found.running = others.running();
    const std::span<Mapping> mappings = read_mappings();
    if (mappings.empty()) return found;
    const std::span<Search> memory = room_for<Search>(1);
    if (memory.empty()) return found;
    Search& search = *new (memory.data()) Search{of, mappings, others.running() == 0};
    if (!search.collect() || !search.leave_out(end, others.stacks())) return found;
    search.mark_from_roots(end);
    found.complete = search.group(found);
    return found;
}

}  // namespace zigmund::alloc::inline v0::interpose
