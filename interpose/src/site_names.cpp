#include "site_names.hpp"

#include <charconv>

#include "stack_report.hpp"

namespace zigmund::alloc::inline v0::interpose {

SiteName::SiteName(detail::StackId stack) noexcept {
    constexpr unsigned most = 3;
    unsigned frames = 0;
    detail::for_each_shown(detail::stack_frames(stack), [&](const SourceFrame& frame) {
        if (frames++ >= most) return;
        if (frames > 1) put(" < ");
        std::array<char, 24> number;
        const auto digits = [&number](auto value, int base = 10) {
            char* const end = std::to_chars(number.data(), number.data() + number.size(), value, base).ptr;
            return std::string_view{number.data(), static_cast<std::size_t>(end - number.data())};
        };
        const auto file_name = [](std::string_view path) { return path.substr(path.rfind('/') + 1); };
        put(frame.function.empty() ? "?" : frame.function.substr(0, 60));
        if (!frame.file.empty()) {
            put(" at ");
            put(file_name(frame.file));
            put(":");
            put(digits(frame.line));
        } else if (!frame.module.empty()) {
            put(" in ");
            put(file_name(frame.module));
            put("+0x");
            put(digits(frame.offset, 16));
        }
    });
}

}  // namespace zigmund::alloc::inline v0::interpose
