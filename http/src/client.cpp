#include <zigmund/http/client.hpp>

#include <arpa/inet.h>

#include <algorithm>

namespace zigmund::http::inline v0 {

Client::Client(std::span<const std::byte> address, std::uint16_t port) noexcept : port_{port} {
    constexpr std::array<unsigned char, 12> mapped{0, 0, 0, 0, 0,    0,
                                                   0, 0, 0, 0, 0xff, 0xff};  // RFC 4291, 2.5.5.2
    if (address.size() == 16 && std::ranges::equal(address.first<12>(), std::as_bytes(std::span{mapped})))
        address = address.subspan(12);
    std::ranges::copy(address, address_.begin());
    size_ = static_cast<std::uint8_t>(address.size());
}

std::string_view Client::format() const noexcept {
    ::inet_ntop(size_ == 4 ? AF_INET : AF_INET6, address_.data(), text_.data(), socklen_t{sizeof text_});
    text_size_ = static_cast<std::uint8_t>(std::string_view{text_.data()}.size());
    return {text_.data(), text_size_};
}

}  // namespace zigmund::http::inline v0
