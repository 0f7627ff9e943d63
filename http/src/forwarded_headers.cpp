#include <zigmund/http/forwarded_headers.hpp>

#include <arpa/inet.h>

#include <algorithm>
#include <charconv>
#include <cstring>
#include <optional>
#include <stdexcept>
#include <string_view>

#include "ascii.hpp"

namespace zigmund::http::inline v0 {
namespace {

/// An address in digits, perhaps in brackets or with a port; without bytes: it is none.
Client parse(std::string_view text) noexcept {
    if (text.starts_with('[')) {
        text = text.substr(1, text.find(']') - 1);
    } else if (std::ranges::count(text, ':') == 1) {
        text = text.substr(0, text.find(':'));
    }
    std::array<char, INET6_ADDRSTRLEN> zero_ended{};
    if (text.size() >= zero_ended.size()) return {};
    std::ranges::copy(text, zero_ended.begin());
    std::array<std::byte, 16> bytes;
    if (::inet_pton(AF_INET, zero_ended.data(), bytes.data()) == 1) return {std::span{bytes}.first(4), 0};
    if (::inet_pton(AF_INET6, zero_ended.data(), bytes.data()) == 1) return {bytes, 0};
    return {};
}

}  // namespace

ForwardedHeaders::ForwardedHeaders(const ForwardedHeadersOptions& options) {
    for (const std::string_view text : options.trusted) {
        const std::size_t slash = std::min(text.find('/'), text.size());
        const Client client = parse(text.substr(0, slash));
        Network network{.size = client.address().size(), .bits = client.address().size() * 8};
        std::ranges::copy(client.address(), network.address.begin());
        bool good = network.size != 0;
        if (slash != text.size()) {
            std::size_t bits = 0;
            const char* const end = text.data() + text.size();
            const auto [stop, error] = std::from_chars(text.data() + slash + 1, end, bits);
            good = good && error == std::errc{} && stop == end && bits <= network.bits;
            network.bits = bits;
        }
        if (!good)
            throw std::invalid_argument(std::string{"zigmund: ForwardedHeaders: \""}.append(text).append(
                "\" is no IP address or network"));
        trusted_.push_back(network);
    }
}

bool ForwardedHeaders::trusts(std::span<const std::byte> address) const noexcept {
    return std::ranges::any_of(trusted_, [&](const Network& network) {
        if (network.size != address.size()) return false;
        const std::size_t whole = network.bits / 8;
        if (!std::equal(address.begin(), address.begin() + static_cast<std::ptrdiff_t>(whole),
                        network.address.begin()))
            return false;
        const std::size_t rest = network.bits % 8;
        return rest == 0 || ((address[whole] ^ network.address[whole]) >> (8 - rest)) == std::byte{0};
    });
}

Response ForwardedHeaders::operator()(Request& request, Next next) const {
    const auto address = request.client().address();
    if (!address.empty() && !trusts(address)) return next(request);
    if (const auto proto = request.header("x-forwarded-proto"))
        request.set_secure(equal_names(ascii::trim(*proto), "https"));
    // Proxies add to the end; a client may have written what stands before.
    for (auto at = request.fields().rbegin(); at != request.fields().rend(); ++at) {
        if (!equal_names(at->name, "x-forwarded-for")) continue;
        std::string_view list = at->value;
        while (!list.empty()) {
            const std::size_t comma = list.rfind(',');
            const std::size_t start = comma == std::string_view::npos ? 0 : comma + 1;
            const Client client = parse(ascii::trim(list.substr(start)));
            if (client.address().empty()) return next(request);  // what stands before is not to be believed
            request.set_client(*request.allocator().create<Client>(client));
            if (!trusts(client.address())) return next(request);
            list = list.substr(0, comma == std::string_view::npos ? 0 : comma);
        }
    }
    return next(request);
}

}  // namespace zigmund::http::inline v0
