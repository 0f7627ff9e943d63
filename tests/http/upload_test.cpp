// Files and values of multipart forms: what a handler gets, what a client is told, and where contents lie.
#include <zigmund/alloc/general_purpose_allocator.hpp>
#include <zigmund/http.hpp>

#include <gtest/gtest.h>

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <optional>
#include <random>
#include <span>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

#include "http_client.hpp"
#include "in_process.hpp"
#include "multipart_parser.hpp"
#include "running_server.hpp"

namespace {

using namespace zigmund;
using namespace zigmund::http;
using support::HttpClient;
using support::HttpReply;
using support::RunningServer;

constexpr std::string_view multipart = "multipart/form-data; boundary=XyZ";

std::string part(std::string_view disposition, std::string_view contents, std::string_view fields = "") {
    return std::string{"--XyZ\r\nContent-Disposition: form-data; "}
        .append(disposition)
        .append("\r\n")
        .append(fields)
        .append("\r\n")
        .append(contents)
        .append("\r\n");
}
const std::string closing = "--XyZ--\r\n";

std::string value(std::string_view name, std::string_view text) {
    return part(std::string{"name=\""}.append(name).append("\""), text);
}
std::string file(std::string_view name, std::string_view filename, std::string_view contents) {
    return part(std::string{"name=\""}.append(name).append("\"; filename=\"").append(filename).append("\""),
                contents, "Content-Type: text/plain\r\n");
}

std::string detail(std::string_view text) { return std::string{R"({"detail":)"}.append(text).append("}"); }
std::string missing(std::string_view name) {
    return detail(std::string{R"([{"type":"missing","loc":["body",")"}.append(name).append(
        R"("],"msg":"Field required","input":null}])"));
}

/// What an upload says of itself.
Response describe(const Upload& upload, alloc::Allocator arena) {
    return Response::json(arena, {{"filename", upload.filename()},
                                  {"type", upload.content_type()},
                                  {"size", upload.size()},
                                  {"in_memory", upload.view().has_value()},
                                  {"contents", upload.read_all(arena)}});
}
Response take_file(File<"file"> upload, alloc::Allocator arena) { return describe(*upload, arena); }

struct Person {
    std::string_view name;
    int age = 30;
    std::span<const std::string_view> tags;
};
BOOST_DESCRIBE_STRUCT(Person, (), (name, age, tags))

Response take_form(Form<Person> person, File<"photo", std::optional<Upload>> photo,
                   File<"pages", std::span<const Upload>, MaxLength<2>> pages,
                   Form<std::optional<double>, "price"> price, alloc::Allocator arena) {
    std::string names;
    for (const Upload& page : *pages) names.append(page.filename()).append(" ");
    return Response::json(arena, {{"person", *person},
                                  {"photo", *photo ? JsonValue{(**photo).filename()} : JsonValue{nullptr}},
                                  {"pages", arena.dupe(names)},
                                  {"price", *price}});
}

/// A struct of a form, some of whose members are files.
struct Report {
    std::string_view title;
    Upload report;
    std::optional<Upload> cover;
    Member<std::span<const Upload>, MaxLength<2>, Alias<"page">> pages;
    static constexpr auto extra_members = ExtraMembers::forbid;
};
BOOST_DESCRIBE_STRUCT(Report, (), (title, report, cover, pages))

Response take_report(Form<Report> form, alloc::Allocator arena) {
    std::string pages;
    for (const Upload& page : *form->pages) pages.append(page.filename()).append(" ");
    return Response::json(arena,
                          {{"title", form->title},
                           {"report", form->report.read_all(arena)},
                           {"cover", form->cover ? JsonValue{form->cover->filename()} : JsonValue{nullptr}},
                           {"pages", arena.dupe(pages)}});
}

class Uploads : public testing::Test {
  protected:
    Uploads() {
        app_.post("/file", take_file);
        app_.post("/form", take_form);
        app_.post("/report", take_report);
        app_.post("/person",
                  [](Form<Person> person, alloc::Allocator arena) { return Response::json(arena, *person); });
    }
    std::string post(std::string_view path, const std::string& body,
                     std::string_view type = multipart) const {
        return test::post(app_, path, body, type).body;
    }

    App app_{alloc::heap(), {}};
};

// ---- what a handler gets ----------------------------------------------------------------------------------

TEST_F(Uploads, AFileHasANameATypeASizeAndContents) {
    EXPECT_EQ(post("/file", file("file", "a b.txt", "Hello,\r\n--World\r\n--Xy") + closing),
              R"({"filename":"a b.txt","type":"text/plain","size":21,"in_memory":true,)"
              R"("contents":"Hello,\r\n--World\r\n--Xy"})");
    EXPECT_EQ(post("/file", part(R"(filename=plain.txt; name=file)", "") + closing),
              R"({"filename":"plain.txt","type":"","size":0,"in_memory":true,"contents":""})");
    EXPECT_EQ(post("/file", part(R"(name="file"; filename="a\"b\\c\d")", "x") + closing),
              R"({"filename":"a\"b\\c\\d","type":"","size":1,"in_memory":true,"contents":"x"})");
}

TEST_F(Uploads, ANameMayBePercentEncodedAsSomeClientsDo) {
    const auto name = [&](std::string_view parameters) {
        const std::string answer =
            post("/file", part(std::string{"name=\"file\"; "}.append(parameters), "") + closing);
        return answer.substr(0, answer.find(",\"type\""));
    };
    EXPECT_EQ(name("filename*=utf-8''a%20%C3%A9%2F"), R"({"filename":"a é/")");
    EXPECT_EQ(name("filename*=UTF-8'en'b; filename=c"), R"({"filename":"b")");
    EXPECT_EQ(name("filename=c; filename*=UTF-8''b"), R"({"filename":"b")");
    EXPECT_EQ(name("filename*=b"), R"({"filename":"b")");
    EXPECT_EQ(name("filename*='b"), R"({"filename":"'b")");
}

TEST_F(Uploads, ItsHeaderFieldsAreThere) {
    app_.post("/headers", [](File<"file"> upload, alloc::Allocator arena) {
        return Response::json(arena, {{"count", upload->headers().size()},
                                      {"x", upload->header("X-Y").value_or("")},
                                      {"none", upload->header("z").has_value()}});
    });
    EXPECT_EQ(post("/headers", part(R"(name="file"; filename="a")", "x", "x-y:  z \r\n") + closing),
              R"({"count":2,"x":"z","none":false})");
}

TEST_F(Uploads, ValuesStandBesideFiles) {
    EXPECT_EQ(post("/form", value("name", "Ann%20+") + file("pages", "1", "x") + value("age", "7") +
                                file("photo", "p.png", "y") + value("tags", "a") + value("tags", "b") +
                                file("pages", "2", "") + value("price", "2.5") + closing),
              R"({"person":{"name":"Ann%20+","age":7,"tags":["a","b"]},"photo":"p.png","pages":"1 2 ",)"
              R"("price":2.5})");
    EXPECT_EQ(post("/form", value("name", "Ann") + file("pages", "1", "") + closing),
              R"({"person":{"name":"Ann","age":30,"tags":[]},"photo":null,"pages":"1 ","price":null})");
}

TEST_F(Uploads, AFormWithoutFilesMayBeMultipartToo) {
    EXPECT_EQ(post("/person", value("name", "Ann") + file("other", "x", "y") + closing),
              R"({"name":"Ann","age":30,"tags":[]})");
    EXPECT_EQ(post("/person", "name=Ann&age=8", "application/x-www-form-urlencoded"),
              R"({"name":"Ann","age":8,"tags":[]})");
}

TEST_F(Uploads, TheBoundaryMayBeQuotedAndTheTypeInAnyCase) {
    for (const std::string_view type :
         {"Multipart/Form-Data; charset=utf-8; Boundary=\"XyZ\"", "multipart/form-data;boundary=XyZ",
          "multipart/form-data ; boundary=XyZ;"})
        EXPECT_EQ(post("/person", value("name", "Ann") + closing, type),
                  R"({"name":"Ann","age":30,"tags":[]})")
            << type;
}

TEST_F(Uploads, LineEndsBeforeTheFirstPartAndAnythingBehindTheLastAreSkipped) {
    EXPECT_EQ(post("/person", "\r\n" + value("name", "Ann") + "--XyZ--\r\nepilogue\r\n--XyZ\r\n"),
              R"({"name":"Ann","age":30,"tags":[]})");
    EXPECT_EQ(post("/person", value("name", "Ann") + "--XyZ--"), R"({"name":"Ann","age":30,"tags":[]})");
}

// ---- what a client is told --------------------------------------------------------------------------------

TEST_F(Uploads, WhatIsMissingIsSaid) {
    EXPECT_EQ(post("/file", value("other", "x") + closing), missing("file"));
    EXPECT_EQ(post("/file", ""), missing("file"));
    EXPECT_EQ(post("/file", "{}", "application/json"), missing("file"));
    EXPECT_EQ(post("/form", file("pages", "1", "") + closing),
              detail(R"([{"type":"missing","loc":["body","name"],"msg":"Field required","input":{}}])"));
    // A browser's field in which nothing was chosen.
    EXPECT_EQ(post("/file", file("file", "", "") + closing), missing("file"));
    EXPECT_EQ(post("/form", value("name", "Ann") + file("photo", "", "") + closing), missing("pages"));
}

TEST_F(Uploads, AValueIsNoFile) {
    EXPECT_EQ(
        post("/file", value("file", "text") + closing),
        detail(R"([{"type":"value_error","loc":["body","file"],"msg":"Value error, Expected UploadFile, )"
               R"(received: <class 'str'>","input":"text","ctx":{"error":{}}}])"));
}

TEST_F(Uploads, AFileIsNoValue) {
    App app{alloc::heap(), {}};
    app.post("/", [](Form<std::string_view, "name">, Form<int, "age">, Form<std::optional<bool>, "member"> m,
                     alloc::Allocator arena) { return Response::json(arena, *m); });
    const std::string body =
        file("name", "n.txt", "Ann") + file("age", "a.txt", "7") + file("member", "m.txt", "yes") + closing;
    EXPECT_EQ(test::post(app, "/", body, multipart).body,
              detail(R"([{"type":"string_type","loc":["body","name"],"msg":"Input should be a valid string",)"
                     R"("input":{"filename":"n.txt","size":3}},{"type":"int_type","loc":["body","age"],)"
                     R"("msg":"Input should be a valid integer","input":{"filename":"a.txt","size":1}}])"));
}

TEST_F(Uploads, AListIsAsLongAsItsFilesAreMany) {
    EXPECT_EQ(post("/form", value("name", "a") + file("pages", "1", "") + file("pages", "2", "") +
                                file("pages", "3", "") + closing),
              detail(R"([{"type":"too_long","loc":["body","pages"],"msg":"List should have at most 2 items )"
                     R"(after validation, not 3","input":null,"ctx":{"field_type":"List","max_length":2,)"
                     R"("actual_length":3}}])"));
}

TEST_F(Uploads, AStructsMembersMayBeFiles) {
    EXPECT_EQ(
        post("/report", value("title", "Q3") + file("report", "r.csv", "a;b") + file("cover", "c.png", "x") +
                            file("page", "1", "") + file("page", "2", "") + closing),
        R"({"title":"Q3","report":"a;b","cover":"c.png","pages":"1 2 "})");
    EXPECT_EQ(post("/report", file("report", "r.csv", "a;b") + value("title", "Q3") + closing),
              R"({"title":"Q3","report":"a;b","cover":null,"pages":""})");
    EXPECT_EQ(post("/report", value("title", "Q3") + file("report", "", "") + closing),
              detail(R"([{"type":"missing","loc":["body","report"],"msg":"Field required",)"
                     R"("input":{"title":"Q3"}}])"));
    EXPECT_EQ(
        post("/report", value("title", "Q3") + value("report", "text") + closing),
        detail(R"([{"type":"value_error","loc":["body","report"],"msg":"Value error, Expected UploadFile, )"
               R"(received: <class 'str'>","input":"text","ctx":{"error":{}}}])"));
    EXPECT_EQ(post("/report", value("title", "Q3") + file("report", "r", "") + file("page", "1", "") +
                                  file("page", "2", "") + file("page", "3", "") + closing),
              detail(R"([{"type":"too_long","loc":["body","page"],"msg":"List should have at most 2 items )"
                     R"(after validation, not 3","input":null,"ctx":{"field_type":"List","max_length":2,)"
                     R"("actual_length":3}}])"));
    EXPECT_EQ(
        post("/report",
             value("title", "Q3") + file("report", "r", "") + file("more", "m.txt", "12") + closing),
        detail(R"([{"type":"extra_forbidden","loc":["body","more"],"msg":"Extra inputs are not permitted",)"
               R"("input":{"filename":"m.txt","size":2}}])"));
}

TEST_F(Uploads, AMalformedFormIsA400) {
    const std::string bad = detail(R"("There was an error parsing the body")");
    for (const std::string& body :
         {std::string{"garbage"}, value("name", "Ann"), "--XyZX" + closing, std::string{"--XyZ\r\n"},
          "--XyZ \r\n" + value("name", "Ann") + closing, "x" + value("name", "Ann") + closing,
          value("name", "Ann") + "--XyZ-x", "--XyZ\r\nno colon\r\n\r\nx\r\n" + closing,
          "--XyZ\r\nContent-Disposition: form-data; name=\"a\"\n\r\nx\r\n" + closing,
          "--XyZ\r\nA b: c\r\n\r\nx\r\n" + closing,
          part("name=\"a\"", "x", "X: " + std::string(MultipartParser::max_head, 'x') + "\r\n") + closing,
          part("name=\"a\"", "x", "X: a\rb\r\n") + closing})
        EXPECT_EQ(post("/file", body), bad) << body;
    std::string many;
    for (int i = 0; i < 16; ++i) many += "X: y\r\n";
    EXPECT_EQ(post("/file", part("name=\"file\"; filename=\"a\"", "x", many) + closing), bad);
}

TEST_F(Uploads, MessagesAreThoseOfFastApi) {
    EXPECT_EQ(post("/file", closing, "multipart/form-data"), detail(R"("Missing boundary in multipart.")"));
    EXPECT_EQ(post("/file", closing, "multipart/form-data; boundary="),
              detail(R"("Missing boundary in multipart.")"));
    EXPECT_EQ(post("/file", part("x=\"a\"", "") + closing),
              detail(R"("The Content-Disposition header field \"name\" must be provided.")"));
    EXPECT_EQ(post("/file", "--XyZ\r\n\r\nx\r\n" + closing),
              detail(R"("The Content-Disposition header field \"name\" must be provided.")"));
    std::string files;
    for (int i = 0; i < 1000; ++i) files += file("file", "a", "");
    EXPECT_EQ(post("/file", files + closing).substr(0, 16), R"({"filename":"a",)");
    EXPECT_EQ(post("/file", files + file("file", "a", "") + closing),
              detail(R"("Too many files. Maximum number of files is 1000.")"));
    std::string values;
    for (int i = 0; i < 1000; ++i) values += value("v", "");
    EXPECT_EQ(post("/file", values + file("file", "a", "") + closing).substr(0, 16), R"({"filename":"a",)");
    EXPECT_EQ(post("/file", values + value("v", "") + closing),
              detail(R"("Too many fields. Maximum number of fields is 1000.")"));
}

// ---- on a socket ------------------------------------------------------------------------------------------

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
