package io.ltri.inference.engine;

import io.ltri.inference.retrieval.IndexedDocument;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
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

  private static final String TOKENS = "tokens";
  private static final String TOKENS_SHA256 = "tokens-sha256";
  private static final String DIGEST = "digest";
  private static final String IDENTITY_PREFIX = "identity.";
  private static final String BOUNDARY_PREFIX = "boundary.";

  Map<String, String> toMap() {
    Map<String, String> map = new HashMap<>();
    map.put(KIND, kind);
    map.put(TITLE, title);
    map.put("system", system);
    map.put(TOKENS, Long.toString(tokens));
    map.put("text-bytes", Long.toString(textBytes));
    map.put("text-sha256", textSha256);
    map.put(TOKENS_SHA256, tokensSha256);
    map.put(DIGEST, digest);
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
        Long.parseLong(map.getOrDefault(TOKENS, "0")),
        Long.parseLong(map.getOrDefault("text-bytes", "0")),
        map.getOrDefault("text-sha256", ""),
        map.getOrDefault(TOKENS_SHA256, ""),
        map.getOrDefault(DIGEST, ""),
        map.getOrDefault(BUILD_KEY, ""),
        map.getOrDefault("read-with", ""),
        Boolean.parseBoolean(map.getOrDefault("text-kept", "false")),
        identity);
  }

  /**
   * The attributes of boundaries: of each, the SHA-256 of the tokens before it.
   *
   * @param lengths ascending
   */
  static Map<String, String> ofBoundaries(TokenBuffer ids, List<Integer> lengths) {
    List<String> digests = TokenBuffer.prefixDigests(ids.toArray(), lengths);
    Map<String, String> map = new HashMap<>();
    for (int i = 0; i < lengths.size(); i++) {
      map.put(BOUNDARY_PREFIX + lengths.get(i), digests.get(i));
    }
    return map;
  }

  /** Of each boundary that the index has, the SHA-256 of the tokens before it. */
  static SortedMap<Long, String> boundaries(IndexedDocument document) {
    SortedMap<Long, String> boundaries = new TreeMap<>();
    for (long tokens : document.boundaries()) {
      String sha256 = document.attributes().get(BOUNDARY_PREFIX + tokens);
      if (sha256 != null) {
        boundaries.put(tokens, sha256);
      }
    }
    return boundaries;
  }

  /** The beginning of a document up to one of its boundaries. It has no digest of its own. */
  static IndexedDocument beginning(IndexedDocument document, long tokens, String sha256) {
    return document.beginning(
        tokens, Map.of(TOKENS, Long.toString(tokens), TOKENS_SHA256, sha256, DIGEST, ""));
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
