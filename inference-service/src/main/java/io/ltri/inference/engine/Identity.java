package io.ltri.inference.engine;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.Map;
import java.util.TreeMap;

/**
 * What determines the content of a document besides its text: model, tokenizer, template, settings
 * of reading. Two readings with equal identities of equal tokens give the same document.
 */
record Identity(TreeMap<String, String> fields) {

  static final String FORMAT = "1";

  static Identity of(Map<String, String> fields) {
    TreeMap<String, String> sorted = new TreeMap<>(fields);
    sorted.put("format", FORMAT);
    return new Identity(sorted);
  }

  /**
   * SHA-256, hexadecimal, over "name=value" lines in the order of names, then a line for each of
   * the further facts.
   *
   * @param facts "name=value", in a fixed order
   */
  String digest(String... facts) {
    MessageDigest sha = sha256();
    fields.forEach((name, value) -> sha.update(line(name + "=" + value)));
    for (String fact : facts) {
      sha.update(line(fact));
    }
    return HexFormat.of().formatHex(sha.digest());
  }

  private static byte[] line(String text) {
    return (text.replace("\\", "\\\\").replace("\n", "\\n") + "\n")
        .getBytes(StandardCharsets.UTF_8);
  }

  static MessageDigest sha256() {
    try {
      return MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(e);
    }
  }

  static String sha256(byte[] bytes) {
    return HexFormat.of().formatHex(sha256().digest(bytes));
  }
}
