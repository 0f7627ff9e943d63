#include <zigmund/http/timing_safe_equal.hpp>

#include <cstddef>

namespace zigmund::http::inline v0 {

bool timing_safe_equal(std::string_view given, std::string_view secret) noexcept {
    // Of a secret that is shorter or empty, the bytes of `given` stand for those that are not there, so that
    // its length does not show either. Volatile: no compiler may stop early.
    const std::string_view against = secret.size() == given.size() ? secret : given;
    volatile unsigned char difference = secret.size() == given.size() ? 0 : 1;
    for (std::size_t i = 0; i < given.size(); ++i)
        difference = static_cast<unsigned char>(difference | (given[i] ^ against[i]));
    return difference == 0;
}

}  // namespace zigmund::http::inline v0
