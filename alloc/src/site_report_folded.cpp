#include <zigmund/alloc/arena.hpp>
#include <zigmund/alloc/pages.hpp>

#include <memory_resource>
#include <ranges>
#include <string>
#include <vector>

#include "site_report.hpp"
#include "stack_report.hpp"

namespace zigmund::alloc::inline v0::detail {

void write_folded(TextWriter& out, const SiteReport& report) {
    Arena arena{pages()};
    for (const CallSite& site : report.sites) {
        if (site.amount.bytes <= 0) continue;
        {
            std::pmr::vector<std::pmr::string> names{&arena};  // innermost first
            for_each_shown(stack_frames(site.stack), [&](const SourceFrame& frame) {
                std::pmr::string& name = names.emplace_back(frame.function);
                if (name.empty()) name = frame.module.empty() ? "unknown" : frame.module;
                // What separates one frame from the next, and one line from the next.
                for (char& c : name)
                    if (c == ';' || c == '\n') c = ':';
            });
            bool first = true;
            for (const std::pmr::string& name : std::views::reverse(names)) {
                if (!first) out << ';';
                first = false;
                out << name;
            }
            if (first) out << "(no stack)";
        }
        out << ' ';
        out.integer(site.amount.bytes, false) << '\n';
        arena.reset(Reset::retain_capacity);
    }
}

}  // namespace zigmund::alloc::inline v0::detail
