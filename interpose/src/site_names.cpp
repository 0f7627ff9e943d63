#include "site_names.hpp"

#include <dlfcn.h>
#include <link.h>

#include <algorithm>
#include <charconv>
#include <optional>

#include "stack_report.hpp"

namespace zigmund::alloc::inline v0::interpose {
namespace {

/// What is loaded at an address.
std::optional<Module> module_at(std::uintptr_t address) noexcept {
    Module module;
    std::string_view file;
    auto* const p = reinterpret_cast<void*>(address);
#if __GLIBC_PREREQ(2, 35)
    struct dl_find_object found{};  // takes no lock
    if (::_dl_find_object(p, &found) != 0) return std::nullopt;
    module.begin = reinterpret_cast<std::uintptr_t>(found.dlfo_map_start);
    if (found.dlfo_link_map->l_name != nullptr) file = found.dlfo_link_map->l_name;
#else
    Dl_info found{};
    if (::dladdr(p, &found) == 0) return std::nullopt;
    module.begin = reinterpret_cast<std::uintptr_t>(found.dli_fbase);
    if (found.dli_fname != nullptr) file = found.dli_fname;
#endif
    const std::size_t most = module.file.size() - 1;
    if (file.size() > most) file.remove_prefix(file.size() - most);
    file.copy(module.file.data(), most);
    return module;
}

bool is_same(const Module& a, const Module& b) noexcept { return a.begin == b.begin && a.file == b.file; }

std::string_view file_name(std::string_view path) noexcept { return path.substr(path.rfind('/') + 1); }

struct Digits {
    explicit Digits(std::uintptr_t value, int base = 10) noexcept
        : size{static_cast<std::size_t>(
              std::to_chars(text.data(), text.data() + text.size(), value, base).ptr - text.data())} {}
    [[nodiscard]] std::string_view view() const noexcept { return {text.data(), size}; }
    std::array<char, 24> text;
    std::size_t size;
};

}  // namespace

const Module* SeenModules::at(std::uintptr_t address) noexcept {
    const std::optional<Module> module = module_at(address);
    if (!module) return nullptr;
    const detail::SpinGuard guard{lock_};
    const auto end = modules_.begin() + static_cast<std::ptrdiff_t>(count_);
    auto place =
        std::find_if(modules_.begin(), end, [&](const Module& one) { return is_same(one, *module); });
    if (place == modules_.end()) return nullptr;
    if (place == end) {
        *place = *module;
        ++count_;
    }
    return &*place;
}

void SeenStacks::note_modules(std::size_t place, detail::StackId stack) noexcept {
    const std::span<const std::uintptr_t> frames = detail::stack_frames(stack);
    for (std::size_t i = 0; i < std::min(frames.size(), SeenStack::most_modules); ++i)
        modules_of_[place][i].store(modules_.at(frames[i] - 1), std::memory_order_release);
}

bool SiteName::begin_frame() noexcept {
    constexpr unsigned most = 3;
    if (frames_ == most) return false;
    if (frames_++ != 0) put(" < ");
    return true;
}

void SiteName::put_place(std::string_view module, std::uintptr_t offset) noexcept {
    put(" in ");
    put(file_name(module));
    put("+0x");
    put(Digits{offset, 16}.view());
}

void SiteName::put_shown(std::span<const std::uintptr_t> frames) noexcept {
    detail::for_each_shown(frames, [&](const SourceFrame& frame) {
        if (!begin_frame()) return;
        put(frame.function.empty() ? "?" : frame.function.substr(0, 60));
        if (!frame.file.empty()) {
            put(" at ");
            put(file_name(frame.file));
            put(":");
            put(Digits{static_cast<std::uintptr_t>(frame.line)}.view());
        } else if (!frame.module.empty()) {
            put_place(frame.module, frame.offset);
        }
    });
}

SiteName::SiteName(const SeenStack& seen) noexcept {
    const std::span<const std::uintptr_t> frames = detail::stack_frames(seen.stack);
    std::size_t told = 0;
    for (std::size_t i = 0; i < std::min(frames.size(), seen.modules.size()); ++i) {
        const Module* const then = seen.modules[i];
        const std::uintptr_t address = frames[i] - 1;
        const std::optional<Module> now = module_at(address);
        if (then == nullptr || (now && is_same(*now, *then))) continue;
        if (i != told) put_shown(frames.subspan(told, i - told));
        told = i + 1;
        if (!begin_frame()) return;
        put("?");
        put_place(then->file.data(), address - then->begin);
    }
    if (told != frames.size()) put_shown(frames.subspan(told));
}

}  // namespace zigmund::alloc::inline v0::interpose
