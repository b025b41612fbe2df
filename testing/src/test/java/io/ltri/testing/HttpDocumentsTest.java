package io.ltri.testing;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.http.HttpRequest;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/** Documents as a resource: their whole life over HTTP. */
@Tag("slow")
class HttpDocumentsTest {

  @RegisterExtension static final LtriExtension LTRI = TinyModel.services();

  private final Http http = new Http(LTRI::http);

  private static String id(JsonNode document) {
    return document.path("id").asString("");
  }

  @Test
  void aTextIsReadWithProgressAndThenThere() {
    Http.Reply created =
        http.post(
            "/v1/documents",
            "{\"title\":\"the log\",\"text\":\"" + TinyModel.text(900, 11) + "\"}");
    assertThat(created.status()).isEqualTo(202);
    String id = id(created.json());
    assertThat(created.json().path("state").asString("")).isIn("reading", "sealing", "ready");
    Http.Reply events = http.get("/v1/documents/" + id + "/events");
    assertThat(events.text()).contains("event: ready\n");
    JsonNode ready = events.events().getLast();
    assertThat(ready.path("state").asString("")).isEqualTo("ready");
    assertThat(ready.path("title").asString("")).isEqualTo("the log");
    assertThat(ready.path("tokens").asLong(0)).isGreaterThan(900);
    assertThat(http.get("/v1/documents/" + id).json()).isEqualTo(ready);
    JsonNode again =
        http.post(
                "/v1/documents",
                "{\"title\":\"the log\",\"text\":\"" + TinyModel.text(900, 11) + "\"}")
            .json();
    assertThat(id(again)).isEqualTo(id);
    assertThat(again.path("state").asString("")).isEqualTo("ready");
  }

  @Test
  void theListComesInPagesNewestFirst() {
    List<String> made = new ArrayList<>();
    for (int i = 0; i < 3; i++) {
      made.addFirst(id(http.document("list " + i, TinyModel.text(60, 100 + i))));
    }
    List<String> listed = new ArrayList<>();
    String after = "";
    boolean more = true;
    while (more) {
      JsonNode page =
          http.get("/v1/documents?limit=2" + (after.isEmpty() ? "" : "&after=" + after)).json();
      assertThat(page.path("object").asString("")).isEqualTo("list");
      assertThat(page.path("data").size()).isBetween(1, 2);
      page.path("data").forEach(document -> listed.add(id(document)));
      after = page.path("last_id").asString("");
      more = page.path("has_more").asBoolean(false);
    }
    assertThat(listed).doesNotHaveDuplicates().containsSubsequence(made);
    assertThat(http.get("/v1/documents?after=nothing").errorParam()).isEqualTo("after");
    assertThat(http.get("/v1/documents?limit=many").errorParam()).isEqualTo("limit");
  }

  @Test
  void aDocumentAsksForReplicas() {
    ObjectNode wanted = JsonMapper.shared().createObjectNode();
    wanted.put("text", TinyModel.text(60, 41)).put("replicas", 3);
    JsonNode told = http.ready(id(http.post("/v1/documents", wanted.toString()).json()));
    assertThat(told.path("replicas").asInt(0)).isEqualTo(3);
    assertThat(http.post("/v1/documents", "{\"text\":\"a lamp\",\"replicas\":17}").errorParam())
        .isEqualTo("replicas");
    JsonNode plain = http.document("plain", TinyModel.text(60, 42));
    assertThat(plain.path("replicas").isNull()).isTrue();
  }

  @Test
  void titleLabelsPinAndEndCanBeChanged() {
    String id = id(http.document("old", TinyModel.text(60, 12)));
    JsonNode changed =
        http.patch(
                "/v1/documents/" + id,
                "{\"title\":\"new\",\"labels\":[\"b\",\"a\"],\"pinned\":true,\"expire_after\":3600}")
            .json();
    assertThat(changed.path("title").asString("")).isEqualTo("new");
    assertThat(changed.path("labels").toString()).isEqualTo("[\"a\",\"b\"]");
    assertThat(changed.path("pinned").asBoolean(false)).isTrue();
    assertThat(changed.path("expires").asLong(0)).isPositive();
    JsonNode back =
        http.patch("/v1/documents/" + id, "{\"labels\":[\"c\"],\"expires\":null}").json();
    assertThat(back.path("labels").toString()).isEqualTo("[\"c\"]");
    assertThat(back.path("expires").isNull()).isTrue();
    assertThat(back.path("title").asString("")).isEqualTo("new");
    assertThat(http.patch("/v1/documents/" + id, "{\"pinned\":1}").errorParam())
        .isEqualTo("pinned");
  }

  @Test
  void aDocumentIsWarmedVerifiedExportedDeletedAndBroughtBack() {
    String id = id(http.document("to go", TinyModel.text(400, 13)));
    assertThat(
            http.post("/v1/documents/" + id + "/prewarm", "{\"blocks\":true}")
                .json()
                .path("bytes")
                .asLong(0))
        .isPositive();
    JsonNode verified = http.post("/v1/documents/" + id + "/verify", "{}").json();
    assertThat(verified.path("sound").asBoolean(false)).isTrue();
    Http.Reply exported = http.get("/v1/documents/" + id + "/export");
    assertThat(exported.type()).isEqualTo("application/octet-stream");
    JsonNode text = http.get("/v1/documents/" + id + "/text").json();
    assertThat(http.delete("/v1/documents/" + id).json().path("freed_bytes").asLong(0))
        .isPositive();
    assertThat(http.get("/v1/documents/" + id).status()).isEqualTo(404);
    Http.Reply imported =
        http.send(
            http.request("/v1/documents/import")
                .header("content-type", "application/octet-stream")
                .POST(HttpRequest.BodyPublishers.ofByteArray(exported.body()))
                .build());
    assertThat(imported.status()).as(imported.text()).isEqualTo(200);
    JsonNode back = http.get("/v1/documents/" + id(imported.json()) + "/text").json();
    assertThat(back.path("text")).isEqualTo(text.path("text"));
  }

  @Test
  void theTextOfARangeOfTokensIsThatOfItsPieces() {
    String text = TinyModel.text(300, 14) + " — ünïcode ✓ 日本語";
    String id = id(http.document("a range", text));
    JsonNode whole = http.get("/v1/documents/" + id + "/text").json();
    int from = whole.path("text_from").asInt(0);
    JsonNode own = http.get("/v1/documents/" + id + "/text?from=" + from).json();
    assertThat(own.path("text").asString("")).isEqualTo(text);
    StringBuilder pieces = new StringBuilder();
    int at = from;
    for (JsonNode piece : own.path("pieces")) {
      assertThat(piece.path("start").asInt(0)).isEqualTo(at);
      assertThat(piece.path("end").asInt(0) - at).isBetween(1, 64);
      at = piece.path("end").asInt(0);
      pieces.append(piece.path("text").asString(""));
    }
    assertThat(at).isEqualTo(own.path("tokens").asInt(0));
    assertThat(pieces.toString()).isEqualTo(text);
    StringBuilder steps = new StringBuilder();
    for (int i = from; i < at; i += 7) {
      steps.append(
          http.get("/v1/documents/" + id + "/text?from=" + i + "&to=" + (i + 7))
              .json()
              .path("text")
              .asString(""));
    }
    assertThat(steps.toString()).isEqualTo(text);
  }

  @Test
  void aPdfIsReadPageByPageAndATokenTellsItsPage() {
    List<String> pages = new ArrayList<>();
    for (int i = 1; i <= 12; i++) {
      pages.add("This is page number " + i + " of the book, where keeper " + i + " sleeps.");
    }
    Http.Reply created =
        http.upload(
            "/v1/documents", "book.pdf", "application/pdf", TestPdf.of(pages), "title", "A book");
    assertThat(created.status()).as(created.text()).isEqualTo(202);
    JsonNode ready = http.ready(id(created.json()));
    assertThat(ready.path("pages").asInt(0)).isEqualTo(12);
    assertThat(ready.path("title").asString("")).isEqualTo("A book");
    JsonNode text = http.get("/v1/documents/" + id(ready) + "/text").json();
    int tokens = text.path("tokens").asInt(0);
    int found = 0;
    for (int from = text.path("text_from").asInt(0); from < tokens; from++) {
      JsonNode one =
          http.get("/v1/documents/" + id(ready) + "/text?from=" + from + "&to=" + (from + 40))
              .json();
      String words = one.path("text").asString("");
      if (words.startsWith("This is page number ")) {
        found++;
        assertThat(words).startsWith("This is page number " + one.path("page").asInt(0));
      }
    }
    assertThat(found).isEqualTo(12);
  }

  @Test
  void htmlIsReadWithoutItsMarksAndPlainTextHasPagesByFormFeeds() {
    String html =
        "<html><head><title>Ships</title><script>bad()</script></head>"
            + "<body><h1>The log</h1><p>The <b>keeper</b> wrote.</p><ul><li>one</li><li>two</li></ul></body></html>";
    JsonNode page =
        http.ready(
            id(
                http.upload(
                        "/v1/documents",
                        "page.html",
                        "text/html",
                        html.getBytes(StandardCharsets.UTF_8))
                    .json()));
    assertThat(page.path("title").asString("")).isEqualTo("page.html");
    assertThat(
            new String(
                http.get("/v1/files/" + id(page) + "/content").body(), StandardCharsets.UTF_8))
        .isEqualTo("Ships\n\nThe log\n\nThe keeper wrote.\n\n- one\n- two\n");
    String paged = "one\ftwo\fthree\f";
    JsonNode plain =
        http.ready(
            id(
                http.upload(
                        "/v1/documents",
                        "a.txt",
                        "text/plain",
                        paged.getBytes(StandardCharsets.UTF_8))
                    .json()));
    assertThat(plain.path("pages").asInt(0)).isEqualTo(3);
  }

  @Test
  void whatIsNoTextIsRefusedWithAReason() {
    byte[] damaged = "%PDF-1.7 and nothing else".getBytes(StandardCharsets.UTF_8);
    Http.Reply broken = http.upload("/v1/documents", "a.pdf", "application/pdf", damaged);
    assertThat(broken.status()).as(broken.text()).isEqualTo(422);
    assertThat(broken.errorCode()).isEqualTo("file_unreadable");
    Http.Reply empty =
        http.upload("/v1/documents", "b.pdf", "application/pdf", TestPdf.of(List.of("")));
    assertThat(empty.status()).as(empty.text()).isEqualTo(422);
    assertThat(empty.text()).contains("no text");
    Http.Reply binary =
        http.upload("/v1/documents", "c.bin", "application/octet-stream", new byte[] {1, 2, 0, 3});
    assertThat(binary.status()).isEqualTo(400);
    assertThat(http.post("/v1/documents", "{\"text\":\"\"}").status()).isEqualTo(400);
    assertThat(http.post("/v1/documents", "{}").errorParam()).isEqualTo("text");
  }

  @Test
  void anUploadAsAFileIsADocument() {
    byte[] text = TinyModel.text(80, 15).getBytes(StandardCharsets.UTF_8);
    JsonNode file =
        http.upload("/v1/files", "notes.md", "text/markdown", text, "purpose", "user_data").json();
    assertThat(file.path("object").asString("")).isEqualTo("file");
    assertThat(file.path("filename").asString("")).isEqualTo("notes.md");
    assertThat(file.path("bytes").asInt(0)).isEqualTo(text.length);
    String id = id(http.ready(id(file)));
    assertThat(http.get("/v1/files/" + id).json().path("status").asString(""))
        .isEqualTo("processed");
    assertThat(http.get("/v1/files/" + id + "/content").body()).isEqualTo(text);
    List<String> listed = new ArrayList<>();
    http.get("/v1/files").json().path("data").forEach(one -> listed.add(id(one)));
    assertThat(listed).contains(id);
    assertThat(http.delete("/v1/files/" + id).json().path("deleted").asBoolean(false)).isTrue();
    assertThat(http.get("/v1/files/" + id).status()).isEqualTo(404);
  }

  @Test
  void aTenantDoesNotSeeTheDocumentsOfAnother() {
    Http.Reply created =
        http.send(
            http.request("/v1/documents")
                .header("content-type", "application/json")
                .header("x-ltri-tenant", "one")
                .POST(
                    HttpRequest.BodyPublishers.ofString(
                        "{\"text\":\"" + TinyModel.text(60, 16) + "\"}"))
                .build());
    String id = id(created.json());
    Http.Reply own =
        http.send(
            http.request("/v1/documents/" + id + "/events").header("x-ltri-tenant", "one").build());
    assertThat(own.text()).contains("event: ready");
    Http.Reply other =
        http.send(http.request("/v1/documents/" + id).header("x-ltri-tenant", "two").build());
    Http.Reply missing =
        http.send(http.request("/v1/documents/nothing").header("x-ltri-tenant", "two").build());
    assertThat(other.status()).isEqualTo(404);
    assertThat(other.text()).isEqualTo(missing.text().replace("nothing", id));
    assertThat(
            http.get("/v1/documents?limit=100")
                .json()
                .path("data")
                .valueStream()
                .map(HttpDocumentsTest::id)
                .collect(Collectors.toList()))
        .doesNotContain(id);
  }
}
