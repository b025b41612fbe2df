package io.ltri.index.blob;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.net.URI;
import java.net.URISyntaxException;
import java.net.URLDecoder;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;

/** Opens the blob store that a setting names. */
public final class BlobStores {

  private static final String PROBE = "probe";
  private static final String FOLDER = "folder:";

  private BlobStores() {}

  /**
   * @param place {@code folder:/path}, or {@code
   *     s3://bucket/prefix?endpoint=URL&region=NAME&path-style=true}, of which the bucket alone is
   *     needed
   * @throws IllegalArgumentException when it names none, saying why
   */
  public static BlobStore open(String place) {
    if (place.startsWith(FOLDER)) {
      return new FolderBlobStore(Path.of(place.substring(FOLDER.length())));
    }
    if (!place.startsWith("s3://")) {
      throw new IllegalArgumentException(
          "a blob store is folder:/path or s3://bucket/prefix?endpoint=URL&region=NAME&path-style=true, not "
              + place);
    }
    return new S3BlobStore(s3(place));
  }

  /**
   * Tries whether conditional puts are what they should be: a store that takes no notice of
   * conditions would let deleted documents come back, without a word.
   *
   * @throws BlobException when they are not
   */
  public static void requireConditions(BlobStore store) {
    byte[] bytes = "This key is there so that conditional puts can be tried.".getBytes(UTF_8);
    boolean unused = store.putIfAbsent(PROBE, bytes);
    if (store.putIfAbsent(PROBE, bytes)) {
      throw careless(store, "puts to a key that is there (If-None-Match)");
    }
    if (store.replace(PROBE, bytes, "\"0123456789abcdef0123456789abcdef\"")) {
      throw careless(store, "replaces what has another version (If-Match)");
    }
  }

  private static BlobException careless(BlobStore store, String what) {
    return new BlobException(
        BlobException.Reason.DENIED,
        "the blob store %s %s: it can not hold the documents of a cluster. Use one that knows conditional puts, as S3 does"
            .formatted(store.place(), what));
  }

  static S3Place s3(String place) {
    URI uri;
    try {
      uri = new URI(place);
    } catch (URISyntaxException e) {
      throw new IllegalArgumentException("the blob store can not be read: " + e.getMessage(), e);
    }
    Map<String, String> options = new HashMap<>();
    if (uri.getRawQuery() != null) {
      for (String option : uri.getRawQuery().split("&", -1)) {
        int is = option.indexOf('=');
        String name = is < 0 ? option : option.substring(0, is);
        if (is < 0 || !S3Place.OPTIONS.contains(name)) {
          throw new IllegalArgumentException(
              "an S3 blob store has the options %s, not %s"
                  .formatted(String.join(", ", S3Place.OPTIONS), name));
        }
        options.put(name, URLDecoder.decode(option.substring(is + 1), UTF_8));
      }
    }
    String bucket = uri.getAuthority();
    if (bucket == null || bucket.isEmpty() || bucket.contains("@")) {
      throw new IllegalArgumentException(
          "an S3 blob store names its bucket, s3://bucket, and no credentials: those come from the environment");
    }
    String path = uri.getPath() == null ? "" : uri.getPath();
    String prefix = path.replaceAll("^/+|/+$", "");
    return new S3Place(
        bucket,
        prefix.isEmpty() ? "" : Keys.key(prefix) + "/",
        options.get("endpoint"),
        options.get("region"),
        Boolean.parseBoolean(options.get("path-style")));
  }
}
