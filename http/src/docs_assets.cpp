#include "docs_assets.hpp"

#if defined(ZIGMUND_HAS_DOCS_ASSETS)

// The files stand in the program as they are, which the assembler does in no time.
#define ZIGMUND_DOCS_ASSET(symbol, name, type, etag, file)                                           \
    asm(".pushsection .rodata\n.global zigmund_docs_" #symbol "\n.hidden zigmund_docs_" #symbol      \
        "\nzigmund_docs_" #symbol ":\n.incbin \"" file "\"\n.global zigmund_docs_" #symbol           \
        "_end\n.hidden zigmund_docs_" #symbol "_end\nzigmund_docs_" #symbol "_end:\n.popsection\n"); \
    extern "C" const char zigmund_docs_##symbol[];                                                   \
    extern "C" const char zigmund_docs_##symbol##_end[];
#include "docs_assets.inc"
#undef ZIGMUND_DOCS_ASSET

namespace zigmund::http::inline v0 {

std::span<const DocsAsset> docs_assets() noexcept {
#define ZIGMUND_DOCS_ASSET(symbol, name, type, etag, file) \
    {name, type, etag, {zigmund_docs_##symbol, zigmund_docs_##symbol##_end}},
    static const DocsAsset assets[] = {
#include "docs_assets.inc"
    };
#undef ZIGMUND_DOCS_ASSET
    return assets;
}

}  // namespace zigmund::http::inline v0

#else

namespace zigmund::http::inline v0 {

std::span<const DocsAsset> docs_assets() noexcept { return {}; }

}  // namespace zigmund::http::inline v0

#endif
