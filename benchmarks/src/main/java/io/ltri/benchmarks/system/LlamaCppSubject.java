package io.ltri.benchmarks.system;

import io.ltri.benchmarks.figure.Answering;
import io.ltri.benchmarks.figure.MemoryUse;
import io.ltri.benchmarks.figure.Reading;
import io.ltri.benchmarks.figure.Reading.Progress;
import io.ltri.inference.model.ModelConfig;
import java.io.BufferedReader;
import java.io.BufferedWriter;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.OutputStreamWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** llama.cpp with full attention over the same GGUF file, in a process that ends with this. */
final class LlamaCppSubject implements Subject {
  static final String NAME = "llama.cpp";

  /** For question and answer after the text. */
  private static final int ROOM = 512;

  /** A key or value takes so many bytes (float16). */
  private static final int STORED = 2;

  private final Process process;
  private final BufferedWriter requests;
  private final BufferedReader replies;
  private final Path log;
  private final ModelConfig config;
  private final Path model;
  private final int threads;
  private final int mostTokens;
  private final int reads;
  private final JsonNode greeting;

  /**
   * How it is started.
   *
   * @param command the interpreter, with what must stand before the script
   * @param model a GGUF file
   * @param mostTokens of an answer
   * @param reads the longest text that it reads as a whole
   * @param flashAttention 1: on; 0: off; -1: what llama.cpp prefers
   */
  record Start(
      List<String> command,
      Path model,
      ModelConfig config,
      int threads,
      int mostTokens,
      int reads,
      int flashAttention) {}

  /**
   * @param folder for its script and log
   */
  LlamaCppSubject(Start start, Path folder) throws IOException {
    this.config = start.config();
    this.model = start.model();
    this.threads = start.threads();
    this.mostTokens = start.mostTokens();
    this.reads = start.reads();
    this.log = folder.resolve("llama.cpp.log");
    Path script = folder.resolve("llama_cpp_peer.py");
    try (InputStream in = LlamaCppSubject.class.getResourceAsStream("llama_cpp_peer.py")) {
      if (in == null) {
        throw new IllegalStateException("the script of the peer is missing in the jar");
      }
      Files.copy(in, script, StandardCopyOption.REPLACE_EXISTING);
    }
    List<String> line = new ArrayList<>(start.command());
    line.add(script.toString());
    line.add(model.toString());
    line.add(Integer.toString(threads));
    line.add(Integer.toString(start.flashAttention()));
    process = new ProcessBuilder(line).redirectError(log.toFile()).start();
    requests =
        new BufferedWriter(
            new OutputStreamWriter(process.getOutputStream(), StandardCharsets.UTF_8));
    replies =
        new BufferedReader(new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8));
    try {
      greeting = reply();
    } catch (IOException e) {
      process.destroyForcibly();
      throw e;
    }
  }

  private JsonNode call(Map<String, Object> request) throws IOException {
    requests.write(JsonMapper.shared().writeValueAsString(request) + "\n");
    requests.flush();
    return reply();
  }

  private JsonNode reply() throws IOException {
    String line = replies.readLine();
    if (line == null) {
      throw new IOException(NAME + " has ended; its log is " + log + end());
    }
    JsonNode reply = JsonMapper.shared().readTree(line);
    if (reply.has("error")) {
      throw new IOException(NAME + ": " + reply.path("error").asString() + "; its log is " + log);
    }
    return reply;
  }

  private String end() throws IOException {
    List<String> lines = Files.exists(log) ? Files.readAllLines(log) : List.of();
    return ":\n  "
        + String.join("\n  ", lines.subList(Math.max(0, lines.size() - 5), lines.size()));
  }

  @Override
  public String name() {
    return NAME;
  }

  @Override
  public Reading read(Text text) throws IOException {
    Map<String, Object> request = new LinkedHashMap<>();
    request.put("command", "read");
    request.put("text", text.file().toString());
    request.put("room", (text.length() + ROOM + mostTokens + 255) / 256 * 256);
    request.put("most", reads);
    JsonNode reply = call(request);
    List<Progress> progress = new ArrayList<>();
    for (JsonNode chunk : reply.path("chunks")) {
      progress.add(new Progress(chunk.get(0).asLong(), chunk.get(1).asDouble()));
    }
    return new Reading(
        reply.path("tokens").asLong(),
        progress.getLast().seconds(),
        0,
        progress,
        reply.path("lastRate").asDouble(),
        reply.path("estimated").asBoolean());
  }

  @Override
  public Answering answer(int question, int tokens) throws IOException {
    JsonNode reply =
        call(
            Map.of(
                "command",
                "answer",
                "question",
                "\n\n" + LtriSubject.QUESTIONS.get(question % LtriSubject.QUESTIONS.size()),
                "tokens",
                Math.min(tokens, mostTokens)));
    List<Double> intervals = new ArrayList<>();
    for (JsonNode millis : reply.path("intervalsMillis")) {
      intervals.add(Math.round(millis.asDouble() * 1e3) / 1e3);
    }
    return new Answering(
        reply.path("promptTokens").asLong(),
        reply.path("firstTokenMillis").asDouble(),
        intervals.stream().mapToDouble(Double::doubleValue).toArray(),
        null);
  }

  @Override
  public List<MemoryUse> memory() throws IOException {
    return List.of(Processes.memory(NAME, process.pid(), 0));
  }

  /** The file holds little else than weights, and its output layer is read as a whole. */
  @Override
  public long bytesPerStep(Text text, List<Answering> answers) {
    try {
      return Files.size(model)
          + STORED * answers.getLast().promptTokens() * LtriSubject.keysAndValues(config);
    } catch (IOException e) {
      return 0;
    }
  }

  @Override
  public Map<String, String> facts() {
    Map<String, String> facts = new LinkedHashMap<>();
    facts.put("version", greeting.path("version").asString(""));
    facts.put("system", greeting.path("system").asString(""));
    facts.put("threads", Integer.toString(threads));
    facts.put("keys and values", "float16, full attention");
    facts.put("batch", "512");
    return facts;
  }

  /** May be called by any thread, also while an answer is awaited. */
  @Override
  public void close() {
    process.destroy();
    try {
      if (!process.waitFor(5, TimeUnit.SECONDS)) {
        process.destroyForcibly();
      }
    } catch (InterruptedException e) {
      process.destroyForcibly();
      Thread.currentThread().interrupt();
    }
  }
}
