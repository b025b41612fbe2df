package io.ltri.inference.engine;

import io.ltri.inference.retrieval.IndexedDocument;
import java.util.HashMap;
import java.util.Map;
import java.util.TreeMap;

/**
 * What the inference service keeps with a document in the index, which does not read it.
 *
 * @param system the system message under which it was read; empty: the template's own
 * @param textSha256 of the text as received
 * @param digest of identity and tokens
 * @param readWith compute precision and device: recorded, not part of the digest
 */
public record DocumentAttributes(
    String title,
    String system,
    long tokens,
    long textBytes,
    String textSha256,
    String digest,
    String readWith,
    Map<String, String> identity) {

  private static final String IDENTITY_PREFIX = "identity.";

  Map<String, String> toMap() {
    Map<String, String> map = new HashMap<>();
    map.put("title", title);
    map.put("system", system);
    map.put("tokens", Long.toString(tokens));
    map.put("text-bytes", Long.toString(textBytes));
    map.put("text-sha256", textSha256);
    map.put("digest", digest);
    map.put("read-with", readWith);
    identity.forEach((name, value) -> map.put(IDENTITY_PREFIX + name, value));
    return map;
  }

  public static DocumentAttributes of(IndexedDocument document) {
    Map<String, String> map = document.attributes();
    Map<String, String> identity = new TreeMap<>();
    map.forEach(
        (name, value) -> {
          if (name.startsWith(IDENTITY_PREFIX)) {
            identity.put(name.substring(IDENTITY_PREFIX.length()), value);
          }
        });
    return new DocumentAttributes(
        map.getOrDefault("title", ""),
        map.getOrDefault("system", ""),
        Long.parseLong(map.getOrDefault("tokens", "0")),
        Long.parseLong(map.getOrDefault("text-bytes", "0")),
        map.getOrDefault("text-sha256", ""),
        map.getOrDefault("digest", ""),
        map.getOrDefault("read-with", ""),
        identity);
  }
}
