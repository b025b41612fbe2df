package io.ltri.index.blob;

import java.util.regex.Pattern;

/** Which keys there may be: such as a file system and S3 both have. */
final class Keys {

  private static final Pattern KEY =
      Pattern.compile("[A-Za-z0-9_-][A-Za-z0-9._-]*(/[A-Za-z0-9_-][A-Za-z0-9._-]*)*");

  private Keys() {}

  static String key(String key) {
    if (!KEY.matcher(key).matches() || key.length() > 512) {
      throw new IllegalArgumentException("no key of a blob store: " + key);
    }
    return key;
  }

  static String folder(String folder) {
    if (!folder.endsWith("/")) {
      throw new IllegalArgumentException("a folder of a blob store ends with a slash: " + folder);
    }
    return key(folder.substring(0, folder.length() - 1)) + "/";
  }
}
