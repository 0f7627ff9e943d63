#include <zigmund/alloc/symbolizer.hpp>
#include <zigmund/alloc/version.hpp>

#include <cxxabi.h>
#include <dlfcn.h>

#include <algorithm>
#include <cstddef>
#include <cstdlib>
#include <memory>
#include <string_view>

#include "memory_checker.hpp"

#if defined(ZIGMUND_HAVE_LIBBACKTRACE)
#include <backtrace.h>
#endif

namespace zigmund::alloc::inline v0 {
namespace {

// A macro's value becomes text only through a second macro.
#define ZIGMUND_TEXT_OF_VALUE(value) #value
#define ZIGMUND_TEXT_OF(macro) ZIGMUND_TEXT_OF_VALUE(macro)

constexpr std::string_view abi_prefix = "v" ZIGMUND_TEXT_OF(ZIGMUND_VERSION_MAJOR) "::";

#undef ZIGMUND_TEXT_OF
#undef ZIGMUND_TEXT_OF_VALUE

/// Takes the inline namespaces of our ABI out of a name that was demangled: people do not write them, and patterns of
/// suppressions stay true when the ABI's number changes.
std::size_t without_abi(char* text) noexcept {
    constexpr std::string_view rooms[] = {"zigmund::alloc::", "zigmund::inject::", "zigmund::http::"};
    const char* from = text;
    char* to = text;
    while (*from != '\0') {
        const std::string_view left{from};
        for (const std::string_view room : rooms) {
            if (!left.starts_with(room) || !left.substr(room.size()).starts_with(abi_prefix)) continue;
            to = std::copy(room.begin(), room.end(), to);
            from += room.size() + abi_prefix.size();
            break;
        }
        if (from == left.data()) *to++ = *from++;
    }
    *to = '\0';
    return static_cast<std::size_t>(to - text);
}

/// A symbol as people write it; holds the text.
class Demangled {
  public:
    explicit Demangled(const char* symbol) {
        if (symbol == nullptr) return;
        text_ = symbol;
        if (text_.starts_with("_Z")) {
            int status = 0;
            buffer_.reset(abi::__cxa_demangle(symbol, nullptr, nullptr, &status));
            if (buffer_) {
                memory_checker::recall_text(buffer_.get());
                text_ = {buffer_.get(), without_abi(buffer_.get())};
            }
        }
    }
    [[nodiscard]] std::string_view text() const noexcept { return text_; }

  private:
    struct Free {
        void operator()(char* p) const noexcept { std::free(p); }
    };
    std::unique_ptr<char, Free> buffer_;
    std::string_view text_;
};

struct Search {
    void (*visit)(const SourceFrame&, void*);
    void* context;
    SourceFrame module;   // what the dynamic linker knows: address, module, offset
    SourceFrame pending;  // told once it is known whether another frame follows, into which it was inlined
    Demangled name{nullptr};
    bool any = false;

    void add(const char* function, const char* file, int line) {
        flush(true);
        name = Demangled{function};
        pending = module;
        pending.function = name.text();
        pending.file = file == nullptr ? std::string_view{} : file;
        pending.line = line;
        any = true;
    }
    void flush(bool inlined) {
        if (!any) return;
        pending.inlined = inlined;
        visit(pending, context);
    }
};

#if defined(ZIGMUND_HAVE_LIBBACKTRACE)
void ignore_error(void* /*context*/, const char* /*message*/, int /*number*/) {}

backtrace_state* debug_information() {
    static backtrace_state* const state = backtrace_create_state(nullptr, 1, ignore_error, nullptr);
    return state;
}

void find_lines(Search& search, std::uintptr_t address) {
    backtrace_state* const state = debug_information();
    if (state == nullptr) return;
    backtrace_pcinfo(
        state, address,
        [](void* data, std::uintptr_t, const char* file, int line, const char* function) {
            if (function != nullptr || file != nullptr) static_cast<Search*>(data)->add(function, file, line);
            return 0;
        },
        ignore_error, &search);
    if (search.any) return;
    backtrace_syminfo(
        state, address,
        [](void* data, std::uintptr_t, const char* symbol, std::uintptr_t, std::uintptr_t) {
            if (symbol != nullptr) static_cast<Search*>(data)->add(symbol, nullptr, 0);
        },
        ignore_error, &search);
}
#endif

}  // namespace

void symbolize(std::uintptr_t address, void (*visit)(const SourceFrame& frame, void* context),
               void* context) {
    Search search{.visit = visit, .context = context, .module = {}, .pending = {}};
    search.module.address = address;
    const char* exported = nullptr;
    if (Dl_info info{}; ::dladdr(reinterpret_cast<void*>(address), &info) != 0) {
        if (info.dli_fname != nullptr) search.module.module = info.dli_fname;
        search.module.offset = address - reinterpret_cast<std::uintptr_t>(info.dli_fbase);
        exported = info.dli_sname;
    }
#if defined(ZIGMUND_HAVE_LIBBACKTRACE)
    find_lines(search, address);
#endif
    if (!search.any) search.add(exported, nullptr, 0);
    search.flush(false);
}

}  // namespace zigmund::alloc::inline v0
