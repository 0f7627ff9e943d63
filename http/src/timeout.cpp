#include <zigmund/http/timeout.hpp>

#include <algorithm>
#include <stdexcept>

namespace zigmund::http::inline v0 {

Timeout::Timeout(const TimeoutOptions& options) : limit_{options.limit} {
    if (limit_.count() <= 0) throw std::invalid_argument("zigmund: Timeout: limit is not above zero");
    if (limit_ > std::chrono::hours{365 * 24})
        throw std::invalid_argument("zigmund: Timeout: limit is more than a year");
}

Response Timeout::operator()(Request& request, Next next) const {
    request.set_deadline(std::min(request.deadline(), std::chrono::steady_clock::now() + limit_));
    return next(request);
}

}  // namespace zigmund::http::inline v0
