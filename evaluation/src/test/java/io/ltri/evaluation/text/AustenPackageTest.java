package io.ltri.evaluation.text;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.zip.Deflater;
import org.junit.jupiter.api.Test;

class AustenPackageTest {
  private static final List<String> TITLES =
      List.of(
          "PERSUASION",
          "EMMA",
          "SENSE AND SENSIBILITY",
          "MANSFIELD PARK",
          "PRIDE AND PREJUDICE",
          "NORTHANGER ABBEY");

  /** A record of R's lazy-load store, as AustenPackage describes it. */
  private static byte[] packed(int version, List<String> lines) throws IOException {
    ByteArrayOutputStream plain = new ByteArrayOutputStream();
    DataOutputStream out = new DataOutputStream(plain);
    out.writeBytes("X\n");
    out.writeInt(version);
    out.writeInt(0x040000);
    out.writeInt(0x030500);
    if (version == 3) {
      out.writeInt(5);
      out.writeBytes("UTF-8");
    }
    out.writeInt(16);
    out.writeInt(lines.size());
    for (String line : lines) {
      byte[] bytes = line.getBytes(StandardCharsets.UTF_8);
      out.writeInt(0x00040009);
      out.writeInt(bytes.length);
      out.write(bytes);
    }
    Deflater deflater = new Deflater();
    deflater.setInput(plain.toByteArray());
    deflater.finish();
    byte[] buffer = new byte[100_000];
    int length = deflater.deflate(buffer);
    deflater.end();
    ByteArrayOutputStream record = new ByteArrayOutputStream();
    DataOutputStream head = new DataOutputStream(record);
    head.writeInt(plain.size());
    head.write(buffer, 0, length);
    return record.toByteArray();
  }

  private static byte[] store() throws IOException {
    ByteArrayOutputStream store = new ByteArrayOutputStream();
    int version = 2;
    for (String title : TITLES) {
      store.write(
          packed(
              version,
              List.of(
                  title,
                  "by Jane Austen",
                  "",
                  "CHAPTER I",
                  "",
                  "Of " + title + ",",
                  " two  lines.",
                  "")));
      version = 5 - version;
    }
    return store.toByteArray();
  }

  @Test
  void novelsComeInTheirOrderWithoutHeadings() throws IOException {
    assertThat(AustenPackage.text(store()))
        .isEqualTo(
            """
            Of SENSE AND SENSIBILITY, two lines.

            Of PRIDE AND PREJUDICE, two lines.

            Of MANSFIELD PARK, two lines.

            Of EMMA, two lines.

            Of NORTHANGER ABBEY, two lines.

            Of PERSUASION, two lines.
            """);
  }

  @Test
  void headingsItalicsAndNotesOfThePrinterGo() throws IOException {
    assertThat(
            AustenPackage.paragraphs(
                List.of(
                    "Chapter 1",
                    "",
                    "A _very_ fine",
                    "day.",
                    "",
                    "Chapter 2",
                    "",
                    "[Note.]",
                    "",
                    "* * *",
                    "",
                    "Night.")))
        .containsExactly("A very fine day.", "Night.");
  }

  @Test
  void damageIsReported() throws IOException {
    byte[] store = store();
    assertThatThrownBy(() -> AustenPackage.text(Arrays.copyOf(store, store.length - 20)))
        .isInstanceOf(HaystackFetch.Failure.class);
    assertThatThrownBy(() -> AustenPackage.text(Arrays.copyOf(store, 2)))
        .isInstanceOf(HaystackFetch.Failure.class)
        .hasMessageContaining("cut off");
    assertThatThrownBy(() -> AustenPackage.text(packed(2, TITLES)))
        .isInstanceOf(HaystackFetch.Failure.class)
        .hasMessageContaining("lacks");
  }

  @Test
  void tarMemberIsFoundByName() throws IOException {
    ByteArrayOutputStream tar = new ByteArrayOutputStream();
    for (String name : List.of("./a/first", "./a/second")) {
      byte[] header = new byte[512];
      byte[] bytes = name.getBytes(StandardCharsets.US_ASCII);
      System.arraycopy(bytes, 0, header, 0, bytes.length);
      System.arraycopy("00000000005".getBytes(StandardCharsets.US_ASCII), 0, header, 124, 11);
      tar.write(header);
      tar.write(
          Arrays.copyOf(
              name.substring(name.length() - 5).getBytes(StandardCharsets.US_ASCII), 512));
    }
    tar.write(new byte[1024]);
    assertThat(TarFile.member(new ByteArrayInputStream(tar.toByteArray()), "a/second"))
        .asString(StandardCharsets.US_ASCII)
        .isEqualTo("econd");
    assertThat(TarFile.member(new ByteArrayInputStream(tar.toByteArray()), "a/third")).isNull();
    assertThatThrownBy(
            () ->
                TarFile.member(
                    new ByteArrayInputStream(Arrays.copyOf(tar.toByteArray(), 1540)), "a/second"))
        .isInstanceOf(IOException.class);
  }
}
