#include "tls_context.hpp"

#include <openssl/err.h>
#include <openssl/pemerr.h>
#include <openssl/ssl.h>
#include <openssl/x509err.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <new>
#include <stdexcept>
#include <string_view>
#include <utility>

namespace zigmund::http::inline v0 {
namespace {

[[noreturn]] void refuse(const char* option, const std::string& file, std::string_view why) {
    ::ERR_clear_error();
    throw std::invalid_argument(
        std::string{"zigmund: "}.append(option).append(" ").append(file).append(": ").append(why));
}

/// What the system has against reading a file is said in its words, not in OpenSSL's.
void check_readable(const char* option, const std::string& file) {
    if (::access(file.c_str(), R_OK) != 0) refuse(option, file, std::strerror(errno));
}

std::string_view reason() noexcept {
    const char* const text = ::ERR_reason_error_string(::ERR_peek_error());
    return text == nullptr ? "unknown error" : text;
}

bool is(int library, int number) noexcept {
    const unsigned long error = ::ERR_peek_error();
    return ERR_GET_LIB(error) == library && ERR_GET_REASON(error) == number;
}

/// A key with a passphrase would have OpenSSL ask the terminal for it.
int note_passphrase(char* /*into*/, int /*size*/, int /*writes*/, void* asked) {
    *static_cast<bool*>(asked) = true;
    return -1;
}

/// HTTP/1.1, or, for a client that offers other protocols and not that, the end (RFC 7301, 3.2).
int choose_protocol(SSL* /*ssl*/, const unsigned char** chosen, unsigned char* size,
                    const unsigned char* offered, unsigned offered_size, void* /*unused*/) {
    static constexpr std::array<unsigned char, 9> ours{8, 'h', 't', 't', 'p', '/', '1', '.', '1'};
    unsigned char* found = nullptr;
    if (::SSL_select_next_proto(&found, size, ours.data(), ours.size(), offered, offered_size) !=
        OPENSSL_NPN_NEGOTIATED)
        return SSL_TLSEXT_ERR_ALERT_FATAL;
    *chosen = found;
    return SSL_TLSEXT_ERR_OK;
}

}  // namespace

void TlsContext::Free::operator()(ssl_ctx_st* context) const noexcept { ::SSL_CTX_free(context); }

TlsContext::TlsContext(std::string certificate, std::string key)
    : certificate_{std::move(certificate)}, key_{std::move(key)}, context_{read()} {}

TlsContext::Context TlsContext::read() const {
    ::ERR_clear_error();
    Context context{::SSL_CTX_new(::TLS_server_method())};
    if (context == nullptr) throw std::bad_alloc();
    SSL_CTX* const raw = context.get();
    SSL_CTX_set_min_proto_version(raw, TLS1_2_VERSION);
    ::SSL_CTX_set_cipher_list(raw, "ECDHE+AESGCM:ECDHE+CHACHA20");  // of TLS 1.2; 1.3 has no others
    ::SSL_CTX_set_options(raw, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
    SSL_CTX_set_session_cache_mode(raw, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_mode(
        raw, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | SSL_MODE_RELEASE_BUFFERS);
    ::SSL_CTX_set_alpn_select_cb(raw, choose_protocol, nullptr);
    bool has_passphrase = false;
    ::SSL_CTX_set_default_passwd_cb(raw, note_passphrase);
    ::SSL_CTX_set_default_passwd_cb_userdata(raw, &has_passphrase);

    check_readable("tls_certificate", certificate_);
    check_readable("tls_key", key_);
    if (::SSL_CTX_use_certificate_chain_file(raw, certificate_.c_str()) != 1) {
        refuse("tls_certificate", certificate_,
               is(ERR_LIB_PEM, PEM_R_NO_START_LINE) ? "there is no certificate in it, in PEM" : reason());
    }
    const bool has_key = ::SSL_CTX_use_PrivateKey_file(raw, key_.c_str(), SSL_FILETYPE_PEM) == 1;
    if (has_passphrase) refuse("tls_key", key_, "it has a passphrase, which nobody is there to type");
    const bool is_anothers =
        has_key ? ::SSL_CTX_check_private_key(raw) != 1
                : is(ERR_LIB_X509, X509_R_KEY_VALUES_MISMATCH) || is(ERR_LIB_X509, X509_R_KEY_TYPE_MISMATCH);
    if (is_anothers) refuse("tls_key", key_, "it is not the key of the certificate");
    if (!has_key) {
        const bool is_none =
            is(ERR_LIB_PEM, PEM_R_NO_START_LINE) || is(ERR_LIB_OSSL_DECODER, ERR_R_UNSUPPORTED);
        refuse("tls_key", key_, is_none ? "there is no private key in it, in PEM" : reason());
    }
    ::SSL_CTX_set_default_passwd_cb_userdata(raw, nullptr);
    return context;
}

void TlsContext::reload() {
    Context fresh = read();
    const std::lock_guard guard{lock_};
    context_.swap(fresh);
}

TlsStream TlsContext::open(int socket) noexcept {
    SSL* ssl = nullptr;
    {
        const std::lock_guard guard{lock_};
        ssl = ::SSL_new(context_.get());  // which shares it, as long as the connection lives
    }
    if (ssl == nullptr) return {};
    TlsStream stream{ssl};
    if (::SSL_set_fd(ssl, socket) != 1) return {};
    ::SSL_set_accept_state(ssl);
    return stream;
}

}  // namespace zigmund::http::inline v0
