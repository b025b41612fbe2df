package io.ltri.evaluation.text;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.List;

/**
 * Gets natural text into a cache folder: the six novels that Jane Austen finished, as packed for R
 * by Debian (package {@code r-cran-janeaustenr}; novels in the public domain, package under the MIT
 * licence). Nothing of it is kept in this repository. Needs {@code apt-get} and {@code dpkg-deb};
 * where they are missing, a text of one's own does as well ({@link Haystack#read}).
 */
public final class HaystackFetch {
  /** The Debian package that carries the novels. */
  public static final String PACKAGE = "r-cran-janeaustenr";

  /** SHA-256 of the text that {@link #into} writes, in UTF-8. */
  public static final String TEXT_SHA256 =
      "be9cfdf4a46843d7631e7f63d1129f1ce8e6a7a91eb945e99420acb60c88f339";

  private static final String FILE = "haystack.txt";
  private static final String STORE = "usr/lib/R/site-library/janeaustenr/data/Rdata.rdb";

  private HaystackFetch() {}

  /** Why no natural text could be had, in words for the person who asked for it. */
  public static final class Failure extends IOException {
    private static final long serialVersionUID = 1;

    Failure(String message) {
      super(message + "; give a text file of your own as haystack, or use the generated one");
    }
  }

  /**
   * The haystack in the cache folder; fetches it unless it is there.
   *
   * @return the text file, whose SHA-256 is {@link #TEXT_SHA256}
   * @throws Failure if a program is missing, the package cannot be had, or it holds another text
   */
  public static Path into(Path cache) throws IOException {
    Path target = cache.resolve(FILE);
    if (Files.isRegularFile(target) && sha256(Files.readAllBytes(target)).equals(TEXT_SHA256)) {
      return target;
    }
    Files.createDirectories(cache);
    Path folder = Files.createTempDirectory(cache, ".fetch");
    try {
      run(folder, List.of("apt-get", "download", PACKAGE));
      Path archive = null;
      try (DirectoryStream<Path> found = Files.newDirectoryStream(folder, PACKAGE + "_*.deb")) {
        for (Path path : found) {
          archive = path;
        }
      }
      if (archive == null) {
        throw new Failure("apt-get download " + PACKAGE + " left no package");
      }
      return unpack(archive, cache);
    } finally {
      deleteAll(folder);
    }
  }

  /**
   * Makes the haystack from a package that is there already.
   *
   * @param archive the {@code .deb} file
   * @throws Failure as {@link #into}
   */
  public static Path unpack(Path archive, Path cache) throws IOException {
    String text = AustenPackage.text(store(archive));
    byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
    String digest = sha256(bytes);
    if (!digest.equals(TEXT_SHA256)) {
      throw new Failure(
          "%s holds another text (SHA-256 %s) than the one that results are made with (%s)"
              .formatted(archive.getFileName(), digest, TEXT_SHA256));
    }
    Files.createDirectories(cache);
    Path part = Files.createTempFile(cache, FILE, ".part");
    Files.write(part, bytes);
    return Files.move(part, cache.resolve(FILE), StandardCopyOption.ATOMIC_MOVE);
  }

  private static byte[] store(Path archive) throws IOException {
    List<String> command =
        List.of("dpkg-deb", "--fsys-tarfile", archive.toAbsolutePath().toString());
    Process process =
        start(new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.DISCARD));
    try (InputStream tar = process.getInputStream()) {
      byte[] store = TarFile.member(tar, STORE);
      if (store == null) {
        throw new Failure(archive.getFileName() + " is no package that holds " + STORE);
      }
      return store;
    } finally {
      process.destroy();
    }
  }

  private static void run(Path folder, List<String> command) throws IOException {
    Process process =
        start(new ProcessBuilder(command).directory(folder.toFile()).redirectErrorStream(true));
    String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    try {
      if (process.waitFor() != 0) {
        throw new Failure(
            "%s failed (is the package list old? try apt-get update): %s"
                .formatted(String.join(" ", command), output.strip()));
      }
    } catch (InterruptedException e) {
      process.destroy();
      Thread.currentThread().interrupt();
      throw new Failure(String.join(" ", command) + " was interrupted");
    }
  }

  private static Process start(ProcessBuilder builder) throws Failure {
    try {
      return builder.start();
    } catch (IOException e) {
      throw new Failure("the program " + builder.command().getFirst() + " is not here");
    }
  }

  private static void deleteAll(Path folder) throws IOException {
    try (DirectoryStream<Path> files = Files.newDirectoryStream(folder)) {
      for (Path file : files) {
        Files.delete(file);
      }
    }
    Files.delete(folder);
  }

  static String sha256(byte[] bytes) {
    try {
      return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(bytes));
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(e);
    }
  }
}
