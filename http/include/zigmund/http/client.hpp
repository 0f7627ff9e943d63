// Client: who sent a request, by address.
//
// Threads: one. Cost: an address becomes text when somebody asks for it, once a connection. Never: allocates,
// looks names up.
#pragma once

#include <zigmund/alloc/export.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace zigmund::http::inline v0 {

class ZIGMUND_EXPORT Client {
  public:
    /// Nobody with an address: a request in process, or through a unix socket.
    Client() = default;
    /// The four bytes of an IPv4 address or the sixteen of an IPv6 one, in the order of the network.
    Client(std::span<const std::byte> address, std::uint16_t port) noexcept;

    /// "127.0.0.1", "2001:db8::1"; an IPv4 address in an IPv6 socket is the IPv4 address. Empty: nobody with
    /// an address. Lives as long as the Client.
    [[nodiscard]] std::string_view host() const noexcept {
        return text_size_ != 0 || size_ == 0 ? std::string_view{text_.data(), text_size_} : format();
    }
    /// The port at the client's end; 0: nobody with an address.
    [[nodiscard]] std::uint16_t port() const noexcept { return port_; }
    /// Its bytes in the order of the network, four or sixteen; none: nobody with an address.
    [[nodiscard]] std::span<const std::byte> address() const noexcept {
        return std::span{address_}.first(size_);
    }

  private:
    [[nodiscard]] std::string_view format() const noexcept;

    std::array<std::byte, 16> address_{};
    std::uint16_t port_ = 0;
    std::uint8_t size_ = 0;
    mutable std::uint8_t text_size_ = 0;
    mutable std::array<char, 46> text_;
};

}  // namespace zigmund::http::inline v0
