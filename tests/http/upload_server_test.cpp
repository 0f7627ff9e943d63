// Uploads on a socket: where their contents lie, and where they are saved.
#include <zigmund/alloc/general_purpose_allocator.hpp>
#include <zigmund/http.hpp>

#include <gtest/gtest.h>

#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <initializer_list>
#include <iterator>
#include <memory>
#include <optional>
#include <random>
#include <span>
#include <string>
#include <string_view>
#include <system_error>

#include "http_client.hpp"
#include "multipart_text.hpp"
#include "running_server.hpp"

namespace {

using namespace zigmund;
using namespace zigmund::http;
using namespace multipart_text;
using support::HttpClient;
using support::HttpReply;
using support::RunningServer;

std::string request(std::string_view path, std::string_view body, std::string_view fields = "") {
    return std::string{"POST "}
        .append(path)
        .append(" HTTP/1.1\r\nHost: x\r\nContent-Type: ")
        .append(multipart)
        .append("\r\n")
        .append(fields)
        .append("Content-Length: ")
        .append(std::to_string(body.size()))
        .append("\r\n\r\n")
        .append(body);
}
std::string chunked(std::string_view path, std::string_view body, std::size_t size) {
    std::string text = std::string{"POST "}
                           .append(path)
                           .append(" HTTP/1.1\r\nHost: x\r\nContent-Type: ")
                           .append(multipart)
                           .append("\r\nTransfer-Encoding: chunked\r\n\r\n");
    while (!body.empty()) {
        const std::string_view chunk = body.substr(0, size);
        body.remove_prefix(chunk.size());
        char length[24];
        std::snprintf(length, sizeof length, "%zx\r\n", chunk.size());
        text.append(length).append(chunk).append("\r\n");
    }
    return text.append("0\r\n\r\n");
}

std::string noise(std::size_t size, unsigned seed = 1) {
    std::mt19937 random{seed};
    std::string text(size, 0);
    // Half of it looks like the begin of a delimiter.
    for (char& c : text) c = random() % 2 == 0 ? "\r\n--XyZ"[random() % 7] : static_cast<char>(random());
    return text;
}

std::uint64_t hash(std::string_view text) {
    std::uint64_t sum = 14695981039346656037U;
    for (const char c : text) sum = (sum ^ static_cast<unsigned char>(c)) * 1099511628211U;
    return sum;
}

/// How many files without a name the server holds; a tool that watches the process may have its own.
std::size_t spooled() {
    std::size_t count = 0;
    for (const auto& entry : std::filesystem::directory_iterator{"/proc/self/fd"}) {
        std::error_code gone;
        const std::string name = std::filesystem::read_symlink(entry, gone).string();
        const bool ours = name.contains("/#") || name.contains("/zigmund-");
        if (ours && name.ends_with(" (deleted)")) ++count;
    }
    return count;
}

/// Of each file of the form: its size, where it is, and a sum of its contents.
Response summarize(File<"file", std::span<const Upload>> files,
                   Form<std::optional<std::string_view>, "note"> note, alloc::Allocator arena) {
    std::string text;
    for (const Upload& upload : *files) {
        std::string contents;
        std::array<char, 5000> piece;
        while (const std::size_t size = upload.read(contents.size(), piece))
            contents.append(piece.data(), size);
        if (contents != upload.read_all(arena)) return Response::text("differs");
        text.append(std::to_string(upload.size()))
            .append(upload.view() ? " memory " : " disk ")
            .append(std::to_string(hash(contents)))
            .append("\n");
    }
    return Response::text(arena.dupe(text.append(note->value_or(""))));
}
std::string summary(std::string_view contents, std::string_view place) {
    return std::to_string(contents.size()).append(place).append(std::to_string(hash(contents))).append("\n");
}

class UploadServer : public testing::Test {
  protected:
    UploadServer() {
        app_->post("/files", summarize);
        app_->get("/hello", [] { return Response::text("Hello, World!"); });
    }
    ~UploadServer() override {
        running_.reset();
        app_.reset();
        EXPECT_EQ(gpa_.deinit(), alloc::LeakCheck::ok);
    }
    void serve(ServeOptions options = {.workers = 1}) {
        running_ = std::make_unique<RunningServer>(*app_, options);
    }
    [[nodiscard]] HttpClient connect() const { return HttpClient{running_->port()}; }
    void expect_alive() const {
        HttpClient client{running_->port()};
        EXPECT_EQ(client.request("GET /hello HTTP/1.1\r\nHost: x\r\n\r\n").body, "Hello, World!");
    }

    /// The server reads on, and comes to the end of what clients have left behind.
    void expect_nothing_spooled() const {
        for (int i = 0; i < 1000 && spooled() != 0; ++i) expect_alive();
        EXPECT_EQ(spooled(), 0U);
    }

    alloc::GeneralPurposeAllocator gpa_{{.tier = alloc::Tier::traced, .name = "test"}};
    std::unique_ptr<App> app_ = std::make_unique<App>(gpa_.allocator(), AppInfo{});
    std::unique_ptr<RunningServer> running_;
};

constexpr std::size_t mebibyte = std::size_t{1} << 20;

TEST_F(UploadServer, FilesOfAnySizeArriveAndTheLargeOnesLieOnDisk) {
    serve();
    HttpClient client = connect();
    for (const std::size_t size :
         {std::size_t{0}, std::size_t{1}, std::size_t{9000}, mebibyte - 1, mebibyte}) {
        const std::string contents = noise(size);
        const std::string body = file("file", "a", contents) + value("note", "end") + closing;
        EXPECT_EQ(client.request(request("/files", body)).body, summary(contents, " memory ") + "end")
            << size;
    }
    for (const std::size_t size : {mebibyte + 1, 5 * mebibyte}) {
        const std::string contents = noise(size);
        const std::string body = file("file", "a", contents) + value("note", "end") + closing;
        EXPECT_EQ(client.request(request("/files", body)).body, summary(contents, " disk ") + "end") << size;
        EXPECT_EQ(client.request(chunked("/files", body, 70'000)).body, summary(contents, " disk ") + "end");
    }
}

TEST_F(UploadServer, OnceAMebibyteOfFilesIsInMemoryTheNextGoesToDisk) {
    serve();
    HttpClient client = connect();
    const std::string a = noise(mebibyte / 2, 1);
    const std::string b = noise(mebibyte / 2 + 1, 2);
    const std::string c = noise(1000, 3);
    const std::string body = file("file", "a", a) + file("file", "b", b) + file("file", "c", c) + closing;
    EXPECT_EQ(client.request(request("/files", body)).body,
              summary(a, " memory ") + summary(b, " disk ") + summary(c, " memory "));
}

TEST_F(UploadServer, MoreThan64FilesOnDiskAreA400) {
    serve();
    for (const int large : {64, 65}) {
        HttpClient client = connect();
        std::string body = file("file", "first", noise(mebibyte));
        for (int i = 0; i < large; ++i) body += file("file", "a", std::string(20'000, 'x'));
        const HttpReply reply = client.request(request("/files", body + closing));
        EXPECT_EQ(reply.status, large == 64 ? 200 : 400);
        if (large == 65) {
            EXPECT_EQ(reply.body,
                      R"({"detail":"Too many large files. Maximum number of large files is 64."})");
        }
    }
    expect_nothing_spooled();
}

TEST_F(UploadServer, HoweverTheBytesArriveThePartsAreTheSame) {
    serve();
    HttpClient client = connect();
    const std::string contents = noise(9000);
    const std::string body = file("file", "a", contents) + value("note", "end") + closing;
    const std::string expected = summary(contents, " memory ") + "end";
    for (const std::size_t size : {1U, 2U, 7U, 4096U})
        EXPECT_EQ(client.request(chunked("/files", body, size)).body, expected);
    const std::string whole = request("/files", body);
    for (std::size_t cut = 0; cut < whole.size(); cut += 811) {
        client.send(std::string_view{whole}.substr(0, cut));
        expect_alive();  // the server has read that by now
        EXPECT_EQ(client.request(std::string_view{whole}.substr(cut)).body, expected);
    }
}

TEST_F(UploadServer, AClientThatWaitsForContinueIsTold) {
    serve();
    HttpClient client = connect();
    const std::string body = file("file", "a", "x") + closing;
    const std::string all = request("/files", body, "Expect: 100-continue\r\n");
    client.send(std::string_view{all}.substr(0, all.size() - body.size()));
    EXPECT_EQ(client.receive(false).status, 100);
    EXPECT_EQ(client.request(body).body, summary("x", " memory "));
}

TEST_F(UploadServer, ATooLargeUploadIsRefusedBeforeItIsSent) {
    serve({.workers = 1, .max_body = 100, .max_upload = 20'000});
    HttpClient client = connect();
    const std::string contents(15'000, 'x');
    EXPECT_EQ(client.request(request("/files", file("file", "a", contents) + closing)).body,
              summary(contents, " memory "));
    client.send("POST /files HTTP/1.1\r\nHost: x\r\nContent-Type: " + std::string{multipart} +
                "\r\nContent-Length: 20001\r\n\r\n");
    EXPECT_EQ(client.receive().status, 413);
    HttpClient other = connect();
    other.send(chunked("/files", file("file", "a", std::string(20'000, 'x')) + closing, 3000));
    EXPECT_EQ(other.receive().status, 413);
    // As one that comes with its head, in one piece.
    serve({.workers = 1, .max_upload = 1000});
    HttpClient small = connect();
    EXPECT_EQ(small.request(request("/files", file("file", "a", std::string(2000, 'x')) + closing)).status,
              413);
    serve({.workers = 1, .max_body = 100, .max_upload = 20'000});
    // Values are no files: they have the limit of any body.
    HttpClient third = connect();
    const HttpReply reply =
        third.request(request("/files", file("file", "a", "") + value("note", std::string(100, 'x')) +
                                            value("a", contents) + closing));
    EXPECT_EQ(reply.status, 413);
    EXPECT_EQ(reply.body, R"({"detail":"Request Entity Too Large"})");
}

TEST_F(UploadServer, AValueBeyondAMebibyteIsA400InTheMiddleOfTheUpload) {
    serve({.workers = 1, .max_body = 8 * mebibyte});
    HttpClient client = connect();
    const std::string body = value("note", std::string(mebibyte + 1, 'x')) + file("file", "a", "") + closing;
    EXPECT_EQ(client.request(request("/files", body)).body,
              R"({"detail":"Part exceeded maximum size of 1024KB."})");
}

TEST_F(UploadServer, AFormThatIsRefusedEndsTheConnectionUnlessItWasRead) {
    serve();
    HttpClient client = connect();
    HttpReply reply = client.request(request("/files", "garbage" + std::string(9000, 'x')));
    EXPECT_EQ(reply.status, 400);
    EXPECT_EQ(reply.body, R"({"detail":"There was an error parsing the body"})");
    HttpClient other = connect();
    reply = other.request(request("/files", std::string(100'000, 'x')));
    EXPECT_EQ(reply.status, 400);
    EXPECT_EQ(reply.field("connection"), "close");
    HttpClient third = connect();
    reply = third.request(chunked("/files", std::string(100'000, 'x'), 1000));
    EXPECT_EQ(reply.status, 400);
    EXPECT_EQ(reply.field("connection"), "close");
    expect_alive();
}

TEST_F(UploadServer, AClientThatLeavesInTheMiddleLeavesNothingBehind) {
    serve();
    expect_alive();
    const std::string whole = request("/files", file("file", "a", noise(3 * mebibyte)) + closing);
    for (const std::size_t sent : {std::size_t{300}, std::size_t{100'000}, 2 * mebibyte + 9000}) {
        HttpClient client = connect();
        client.send(std::string_view{whole}.substr(0, sent));
        const std::size_t on_disk = sent > 2 * mebibyte ? 1 : 0;
        for (int i = 0; i < 1000 && spooled() != on_disk; ++i) expect_alive();
        EXPECT_EQ(spooled(), on_disk);
        expect_alive();
        client.close();
        expect_nothing_spooled();
    }
}

TEST_F(UploadServer, AHandlerThatThrowsLeavesNoDescriptorBehind) {
    app_->post("/throw", [](File<"file">) -> Response { throw HttpError{Status::conflict}; });
    serve();
    HttpClient client = connect();
    const std::string whole = request("/throw", file("file", "a", noise(2 * mebibyte)) + closing);
    EXPECT_EQ(client.request(whole).status, 409);
    for (int i = 0; i < 5; ++i) EXPECT_EQ(client.request(whole).status, 409);
    expect_nothing_spooled();
}

// ---- when the disk does not take it -----------------------------------------------------------------------

/// Files end at so many bytes, as on a disk that is full.
class FileSizeLimit {
  public:
    explicit FileSizeLimit(rlim_t size) {
        ::getrlimit(RLIMIT_FSIZE, &before_);
        const rlimit limit{size, before_.rlim_max};
        ::setrlimit(RLIMIT_FSIZE, &limit);
    }
    ~FileSizeLimit() { ::setrlimit(RLIMIT_FSIZE, &before_); }
    FileSizeLimit(const FileSizeLimit&) = delete;
    FileSizeLimit& operator=(const FileSizeLimit&) = delete;

  private:
    rlimit before_{};
};

TEST_F(UploadServer, AFullDiskIsA507AndOthersDoNotNotice) {
    serve();
    expect_alive();
    const std::string whole = request("/files", file("file", "a", noise(3 * mebibyte)) + closing);
    for (const rlim_t size : {rlim_t{0}, rlim_t{mebibyte + 4096}, rlim_t{2 * mebibyte}}) {
        const FileSizeLimit limit{size};
        HttpClient client = connect();
        client.send(whole);
        const HttpReply reply = client.receive();
        EXPECT_EQ(reply.status, 507);
        EXPECT_EQ(reply.body, R"({"detail":"Insufficient Storage"})");
        EXPECT_EQ(reply.field("connection"), "close");
        client.close();
        expect_alive();
    }
    expect_nothing_spooled();
    HttpClient client = connect();
    EXPECT_EQ(client.request(whole).status, 200);
}

TEST_F(UploadServer, ADirectoryThatIsNotThereIsA500) {
    serve({.workers = 1, .upload_directory = "/nowhere/at/all"});
    HttpClient client = connect();
    client.send(request("/files", file("file", "a", noise(2 * mebibyte)) + closing));
    const HttpReply reply = client.receive();
    EXPECT_EQ(reply.status, 500);
    EXPECT_EQ(reply.body, "Internal Server Error");
    // What fits memory needs no directory.
    HttpClient other = connect();
    EXPECT_EQ(other.request(request("/files", file("file", "a", "x") + closing)).status, 200);
}

// ---- saving -----------------------------------------------------------------------------------------------

std::string contents_of(const std::string& path) {
    std::ifstream in{path, std::ios::binary};
    return {std::istreambuf_iterator<char>{in}, {}};
}

class UploadSave : public UploadServer {
  protected:
    UploadSave() {
        char name[] = "zigmund_save_XXXXXX";
        directory_ = std::filesystem::current_path() / ::mkdtemp(name);
        app_->post("/save", [this](File<"file"> upload) {
            upload->save_as(path());
            return Response::text("saved");
        });
        app_->post("/save_twice", [this](File<"file"> upload) {
            upload->save_as(path());
            upload->save_as(path() + "2");
            return Response::text("saved");
        });
        app_->post("/save_in", [this](File<"file"> upload, alloc::Allocator arena) {
            try {
                return Response::text(
                    upload->save_in(arena.dupe(directory_), arena).substr(directory_.size()));
            } catch (const std::system_error& error) {
                return Response::text(error.code() == std::errc::file_exists ? "exists" : "other");
            }
        });
        serve({.workers = 1, .upload_directory = directory_});
    }
    ~UploadSave() override {
        running_.reset();
        std::filesystem::remove_all(directory_);
    }
    [[nodiscard]] std::string path() const { return directory_ + "/target"; }
    [[nodiscard]] std::size_t files() const {
        const std::filesystem::directory_iterator all{directory_};
        return static_cast<std::size_t>(std::distance(begin(all), end(all)));
    }

    std::string directory_;
};

TEST_F(UploadSave, ASavedFileHasTheContentsWhereverTheyWere) {
    HttpClient client = connect();
    for (const std::size_t size : {std::size_t{0}, std::size_t{100}, 2 * mebibyte}) {
        const std::string contents = noise(size);
        // The second time one is there, which is replaced.
        for (int i = 0; i < 2; ++i) {
            EXPECT_EQ(client.request(request("/save", file("file", "a", contents) + closing)).body, "saved");
            EXPECT_EQ(contents_of(path()), contents);
            EXPECT_EQ(files(), 1U);
        }
        EXPECT_EQ(client.request(request("/save_twice", file("file", "a", contents) + closing)).body,
                  "saved");
        EXPECT_EQ(contents_of(path()), contents);
        EXPECT_EQ(contents_of(path() + "2"), contents);
        EXPECT_FALSE(std::filesystem::equivalent(path(), path() + "2"));
        std::filesystem::remove(path() + "2");
    }
}

TEST_F(UploadSave, ASavedFileIsReadableAsTheUmaskSays) {
    HttpClient client = connect();
    for (const std::size_t size : {std::size_t{100}, 2 * mebibyte}) {
        client.request(request("/save", file("file", "a", noise(size)) + closing));
        const mode_t mask = ::umask(0);
        ::umask(mask);
        EXPECT_EQ(static_cast<mode_t>(std::filesystem::status(path()).permissions()), 0666 & ~mask);
    }
}

TEST_F(UploadSave, TheClientsNameLeadsNowhereElse) {
    HttpClient client = connect();
    const auto save = [&](std::string_view filename) {
        return std::string{client.request(request("/save_in", file("file", filename, "x") + closing)).body};
    };
    EXPECT_EQ(save("a.txt"), "/a.txt");
    EXPECT_EQ(save("../../etc/passwd"), "/passwd");
    EXPECT_EQ(save(R"(C:\\Users\\me\\b.txt)"), "/b.txt");
    EXPECT_EQ(save("/absolute"), "/absolute");
    EXPECT_EQ(save(".."), "/upload");
    EXPECT_EQ(save(".hidden"), "/hidden");
    EXPECT_EQ(save("a/.."), "exists");  // "upload" again
    EXPECT_EQ(save(std::string(300, 'n')), "/" + std::string(255, 'n'));
    EXPECT_EQ(save("a.txt"), "exists");
    std::filesystem::create_symlink("/tmp/zigmund_elsewhere", directory_ + "/link");
    EXPECT_EQ(save("link"), "exists");
    EXPECT_FALSE(std::filesystem::exists("/tmp/zigmund_elsewhere"));
}

TEST_F(UploadSave, ASaveThatFailsIsAnErrorAndLeavesNothing) {
    HttpClient client = connect();
    const std::string small = request("/save", file("file", "a", "contents") + closing);
    {
        const FileSizeLimit limit{0};
        EXPECT_EQ(client.request(small).status, 500);
    }
    EXPECT_EQ(files(), 0U);
    std::filesystem::create_directory(path());
    EXPECT_EQ(client.request(small).status, 500);
    EXPECT_EQ(files(), 1U);
    std::filesystem::remove(path());
    EXPECT_EQ(client.request(small).status, 200);
}

}  // namespace
