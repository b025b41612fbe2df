package io.ltri.inference.model;

import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.AtomicMoveNotSupportedException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Brings the files of a public model from the Hugging Face hub into a folder of its own below the
 * models folder. A file is visible under its name only when it is whole; what an interrupted call
 * left behind is continued by the next one, and a whole model is not asked for again.
 */
public final class HubDownload {

  /** Called from the thread that downloads. */
  @FunctionalInterface
  public interface Progress {
    /**
     * Called whenever some more bytes of a file are on disk.
     *
     * @param totalBytes -1 if the server does not say
     */
    void at(String file, long doneBytes, long totalBytes);
  }

  private static final URI HUB = URI.create("https://huggingface.co");
  private static final Pattern NAME =
      Pattern.compile("([A-Za-z0-9][A-Za-z0-9._-]{0,95})/([A-Za-z0-9][A-Za-z0-9._-]{0,95})");
  private static final Pattern CONTENT_RANGE = Pattern.compile("bytes (\\d+)-\\d+/(\\d+|\\*)");
  private static final List<String> BESIDE_WEIGHTS =
      List.of(
          "tokenizer.json",
          "tokenizer_config.json",
          "generation_config.json",
          "chat_template.jinja");
  private static final String WHOLE = ".whole";
  private static final int STEP_BYTES = 1 << 18;
  private static final Duration ANSWER = Duration.ofSeconds(60);

  private final Path models;
  private final URI base;
  private final Progress progress;

  public HubDownload(Path models) {
    this(models, HUB, (file, doneBytes, totalBytes) -> {});
  }

  /**
   * Downloads from another place, or with progress shown.
   *
   * @param base of another server with the hub's paths
   */
  public HubDownload(Path models, URI base, Progress progress) {
    this.models = models;
    this.base = base;
    this.progress = progress;
  }

  /**
   * Fetches one file of a model: {@code HubDownload organisation/model FILE TARGET}. Ends with 1
   * and a sentence if it cannot be had.
   */
  public static void main(String[] arguments) {
    if (arguments.length != 3) {
      System.err.println("usage: HubDownload ORGANISATION/MODEL FILE TARGET");
      System.exit(2);
    }
    Path target = Path.of(arguments[2]).toAbsolutePath();
    Path folder = target.getParent();
    try {
      new HubDownload(folder == null ? target : folder)
          .fetchFile(arguments[0], arguments[1], target);
    } catch (ModelDownloadException e) {
      System.err.println(e.getMessage());
      System.exit(1);
    }
  }

  /**
   * Fetches one file of a model into a place of the caller's, whole or not at all.
   *
   * @throws ModelDownloadException if the hub does not hand it out, or cannot be reached
   */
  public void fetchFile(String name, String file, Path target) {
    Path folder = folder(name);
    try (HttpClient client = client()) {
      Files.createDirectories(folder);
      if (!fetch(client, name, folder, file)) {
        throw new ModelDownloadException(base + " has no file " + file + " of " + name, null);
      }
      move(folder.resolve(file), target);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new ModelDownloadException("the download of " + file + " was stopped", e);
    } catch (IOException e) {
      throw new ModelDownloadException(
          file + " of " + name + " could not be downloaded from " + base + " (" + e + ")", e);
    }
  }

  private static HttpClient client() {
    return HttpClient.newBuilder()
        .followRedirects(HttpClient.Redirect.NORMAL)
        .connectTimeout(Duration.ofSeconds(20))
        .build();
  }

  /** Whether a text has the form of a hub name, {@code organisation/model}. */
  public static boolean isHubName(String text) {
    return NAME.matcher(text).matches() && !text.contains("..");
  }

  /** Where the model of this name is, or would be. */
  public Path folder(String name) {
    Matcher matcher = NAME.matcher(name);
    if (!matcher.matches() || !isHubName(name)) {
      throw new ModelDownloadException(
          "'" + name + "' is no name of a model on the hub; it looks like organisation/model",
          null);
    }
    return models.resolve(matcher.group(1)).resolve(matcher.group(2));
  }

  /**
   * @param name {@code organisation/model}
   * @return a folder for {@link ModelFiles#open}
   * @throws ModelDownloadException if the hub does not hand out the model, or cannot be reached
   */
  public Path fetch(String name) {
    Path folder = folder(name);
    if (Files.exists(folder.resolve(WHOLE))) {
      return folder;
    }
    try {
      Files.createDirectories(folder);
      try (FileChannel lockFile =
              FileChannel.open(
                  folder.resolve(".lock"), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
          FileLock lock = lock(lockFile)) {
        if (lock == null) {
          throw new ModelDownloadException(
              name + " is being downloaded into " + folder + " already; wait for that to end",
              null);
        }
        fetchAll(name, folder);
      }
      return folder;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new ModelDownloadException(
          "the download of " + name + " was stopped; the next one goes on from there", e);
    } catch (IOException e) {
      throw new ModelDownloadException(
          name
              + " could not be downloaded from "
              + base
              + " into "
              + folder
              + " ("
              + e
              + "): if this network does not allow it, bring the model's folder here by other means"
              + " and give its path; otherwise try again, it goes on from there",
          e);
    }
  }

  private static @Nullable FileLock lock(FileChannel file) throws IOException {
    try {
      return file.tryLock();
    } catch (OverlappingFileLockException e) {
      return null;
    }
  }

  private void fetchAll(String name, Path folder) throws IOException, InterruptedException {
    try (HttpClient client = client()) {
      if (!fetch(client, name, folder, HuggingFaceModel.CONFIG)) {
        throw new ModelDownloadException(
            base
                + " has no model "
                + name
                + " (no "
                + HuggingFaceModel.CONFIG
                + "): check the name",
            null);
      }
      for (String file : BESIDE_WEIGHTS) {
        fetch(client, name, folder, file);
      }
      fetchWeights(client, name, folder);
      Files.write(folder.resolve(WHOLE), new byte[0]);
    }
  }

  private void fetchWeights(HttpClient client, String name, Path folder)
      throws IOException, InterruptedException {
    if (fetch(client, name, folder, HuggingFaceModel.SINGLE)) {
      return;
    }
    if (!fetch(client, name, folder, HuggingFaceModel.INDEX)) {
      throw new ModelDownloadException(
          name + " has no weights in safetensors files; take a model that has", null);
    }
    JsonFile index = JsonFile.read(folder.resolve(HuggingFaceModel.INDEX));
    for (String shard : HuggingFaceModel.shards(index)) {
      if (!fetch(client, name, folder, shard)) {
        throw new ModelDownloadException(
            name + " lacks " + shard + ", though its index names it; the model is broken", null);
      }
    }
  }

  /**
   * Fetches what is missing of one file.
   *
   * @return false if the hub has no such file
   */
  private boolean fetch(HttpClient client, String name, Path folder, String file)
      throws IOException, InterruptedException {
    Path whole = folder.resolve(file);
    if (Files.exists(whole)) {
      return true;
    }
    Path part = folder.resolve(file + ".part");
    Path tag = folder.resolve(file + ".part.etag");
    // Without the tag the rest may belong to another version of the file.
    boolean goOn = Files.exists(part) && Files.exists(tag);
    HttpRequest.Builder request =
        HttpRequest.newBuilder(URI.create(base + "/" + name + "/resolve/main/" + file))
            .timeout(ANSWER);
    if (goOn) {
      request
          .header("Range", "bytes=" + Files.size(part) + "-")
          .header("If-Range", Files.readString(tag));
    }
    HttpResponse<InputStream> response =
        client.send(request.build(), HttpResponse.BodyHandlers.ofInputStream());
    try (InputStream body = response.body()) {
      switch (response.statusCode()) {
        case 200, 206 -> store(response, body, file, part, tag);
        case 404 -> {
          return false;
        }
        case 416 -> {
          Files.deleteIfExists(part);
          Files.deleteIfExists(tag);
          return goOn && fetch(client, name, folder, file);
        }
        case 401, 403 ->
            throw new ModelDownloadException(
                base
                    + " does not hand out "
                    + file
                    + " of "
                    + name
                    + " (status "
                    + response.statusCode()
                    + "): the name is wrong, or the model needs an account; in that case download"
                    + " it with your account and give the path of its folder",
                null);
        default -> throw new IOException(file + ": status " + response.statusCode());
      }
    }
    move(part, whole);
    Files.deleteIfExists(tag);
    return true;
  }

  private void store(
      HttpResponse<InputStream> response, InputStream body, String file, Path part, Path tag)
      throws IOException {
    long start = 0;
    long total = response.headers().firstValueAsLong("Content-Length").orElse(-1);
    if (response.statusCode() == 206) {
      Matcher range =
          CONTENT_RANGE.matcher(response.headers().firstValue("Content-Range").orElse(""));
      if (!range.matches() || Long.parseLong(range.group(1)) != Files.size(part)) {
        throw new IOException(file + ": the server sent another range than asked for");
      }
      start = Files.size(part);
      total = range.group(2).equals("*") ? -1 : Long.parseLong(range.group(2));
    } else {
      Files.deleteIfExists(part);
      Files.deleteIfExists(tag);
      // A weak tag does not promise the same bytes.
      String etag = response.headers().firstValue("ETag").orElse("W/");
      if (!etag.startsWith("W/")) {
        Files.writeString(tag, etag);
      }
    }
    long done = start;
    try (FileChannel out =
        FileChannel.open(part, StandardOpenOption.CREATE, StandardOpenOption.WRITE)) {
      out.position(start);
      byte[] step = new byte[STEP_BYTES];
      for (int length = body.read(step); length >= 0; length = body.read(step)) {
        ByteBuffer bytes = ByteBuffer.wrap(step, 0, length);
        while (bytes.hasRemaining()) {
          out.write(bytes);
        }
        done += length;
        progress.at(file, done, total);
      }
      out.force(true);
    }
    if (total >= 0 && done != total) {
      throw new IOException(file + ": ended after " + done + " of " + total + " bytes");
    }
  }

  private static void move(Path part, Path whole) throws IOException {
    try {
      Files.move(part, whole, StandardCopyOption.ATOMIC_MOVE);
    } catch (AtomicMoveNotSupportedException e) {
      Files.move(part, whole);
    }
  }
}
