package io.ltri.inference.engine;

import io.ltri.inference.retrieval.IndexedDocument;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * What the inference service keeps with a document in the index, which does not read it.
 *
 * @param kind {@link #DOCUMENT}, or {@link #CONVERSATION}
 * @param system the system message under which it was read; empty: the template's own
 * @param tokens with those of the document that it continues
 * @param textBytes with those of the document that it continues
 * @param textSha256 of the whole text as received; empty where that is not known
 * @param tokensSha256 of all token ids, int32, little-endian
 * @param digest of identity, tokens and the digest of the document that it continues
 * @param buildKey names the work of reading it: equal keys give equal documents
 * @param readWith compute precision and device: recorded, not part of the digest
 * @param textKept the tail has the text
 */
public record DocumentAttributes(
    String kind,
    String title,
    String system,
    long tokens,
    long textBytes,
    String textSha256,
    String tokensSha256,
    String digest,
    String buildKey,
    String readWith,
    boolean textKept,
    Map<String, String> identity) {

  public static final String DOCUMENT = "document";

  /** Kept for its next turn. */
  public static final String CONVERSATION = "conversation";

  /** Labels, which can change, go before attributes of the same name. */
  static final String TITLE = "title";

  static final String KIND = "kind";
  static final String TAG_PREFIX = "tag.";
  static final String BUILD_KEY = "build-key";

  /** How many pages the text has; absent where it has none. */
  static final String PAGES = "pages";

  private static final String IDENTITY_PREFIX = "identity.";

  Map<String, String> toMap() {
    Map<String, String> map = new HashMap<>();
    map.put(KIND, kind);
    map.put(TITLE, title);
    map.put("system", system);
    map.put("tokens", Long.toString(tokens));
    map.put("text-bytes", Long.toString(textBytes));
    map.put("text-sha256", textSha256);
    map.put("tokens-sha256", tokensSha256);
    map.put("digest", digest);
    map.put(BUILD_KEY, buildKey);
    map.put("read-with", readWith);
    map.put("text-kept", Boolean.toString(textKept));
    identity.forEach((name, value) -> map.put(IDENTITY_PREFIX + name, value));
    return map;
  }

  public static DocumentAttributes of(IndexedDocument document) {
    Map<String, String> map = new HashMap<>(document.attributes());
    map.putAll(document.life().labels());
    Map<String, String> identity = new TreeMap<>();
    document
        .attributes()
        .forEach(
            (name, value) -> {
              if (name.startsWith(IDENTITY_PREFIX)) {
                identity.put(name.substring(IDENTITY_PREFIX.length()), value);
              }
            });
    return new DocumentAttributes(
        map.getOrDefault(KIND, DOCUMENT),
        map.getOrDefault(TITLE, ""),
        map.getOrDefault("system", ""),
        Long.parseLong(map.getOrDefault("tokens", "0")),
        Long.parseLong(map.getOrDefault("text-bytes", "0")),
        map.getOrDefault("text-sha256", ""),
        map.getOrDefault("tokens-sha256", ""),
        map.getOrDefault("digest", ""),
        map.getOrDefault(BUILD_KEY, ""),
        map.getOrDefault("read-with", ""),
        Boolean.parseBoolean(map.getOrDefault("text-kept", "false")),
        identity);
  }

  /** How many pages its text has; 0: none, or not known. */
  public static int pages(IndexedDocument document) {
    return Integer.parseInt(document.attributes().getOrDefault(PAGES, "0"));
  }

  /** In alphabetical order. */
  public static List<String> tags(IndexedDocument document) {
    return document.life().labels().keySet().stream()
        .filter(name -> name.startsWith(TAG_PREFIX))
        .map(name -> name.substring(TAG_PREFIX.length()))
        .sorted()
        .toList();
  }
}
