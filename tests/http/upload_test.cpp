// Files and values of multipart forms: what a handler gets, and what a client is told.
#include <zigmund/http.hpp>

#include <gtest/gtest.h>

#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "in_process.hpp"
#include "multipart_parser.hpp"
#include "multipart_text.hpp"

namespace {

using namespace zigmund;
using namespace zigmund::http;
using namespace multipart_text;

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

}  // namespace
