package io.ltri.inference.model;

import java.lang.foreign.Arena;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Collection;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** The mapped weight files of one model, and the arena that they are mapped in. */
final class WeightFiles implements AutoCloseable {

  private final Arena arena = Arena.ofShared();
  private final Map<String, MappedFile> byName = new TreeMap<>();
  private @Nullable String digest;

  /** Called before the model is handed out: by one thread. */
  MappedFile map(Path path) {
    MappedFile file = MappedFile.map(path, arena);
    byName.put(String.valueOf(path.getFileName()), file);
    return file;
  }

  Collection<MappedFile> files() {
    return List.copyOf(byName.values());
  }

  synchronized String digest() {
    String known = digest;
    if (known == null) {
      known = HexFormat.of().formatHex(compute());
      digest = known;
    }
    return known;
  }

  private byte[] compute() {
    MessageDigest sha256;
    try {
      sha256 = MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new AssertionError("every Java platform has SHA-256", e);
    }
    byName.forEach(
        (name, file) -> {
          if (byName.size() > 1) {
            sha256.update(name.getBytes(StandardCharsets.UTF_8));
            sha256.update((byte) 0);
            sha256.update(
                ByteBuffer.allocate(Long.BYTES)
                    .order(ByteOrder.LITTLE_ENDIAN)
                    .putLong(0, file.size()));
          }
          file.digest(sha256);
        });
    return sha256.digest();
  }

  @Override
  public void close() {
    if (arena.scope().isAlive()) {
      arena.close();
    }
  }
}
