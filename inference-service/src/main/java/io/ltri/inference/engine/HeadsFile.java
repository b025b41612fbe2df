package io.ltri.inference.engine;

import io.ltri.inference.attention.RetrievalHeadList;
import io.ltri.inference.attention.RetrievalHeadList.Head;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/**
 * What {@link RetrievalHeads} found, as a small JSON file that can be read and changed by hand.
 *
 * @param recipe how it was measured
 * @param modelDigest of the weights
 * @param examples made
 * @param counted of these, answered with the needle
 * @param retrievalHeads best first
 * @param scores by layer and head: the mean over the counted examples of the share of the needle's
 *     tokens that the head copied; 0 to 1 or a little more where a token was generated twice
 */
public record HeadsFile(
    String recipe,
    String model,
    String modelDigest,
    long seed,
    int examples,
    int counted,
    List<Head> retrievalHeads,
    List<List<Double>> scores) {

  private static final int FORMAT = 1;
  private static final Pattern HEAD = Pattern.compile("(\\d{1,6})\\.(\\d{1,6})");

  public RetrievalHeadList list() {
    return RetrievalHeadList.of(retrievalHeads);
  }

  String json() {
    ObjectNode root = JsonMapper.shared().createObjectNode();
    root.put("format", FORMAT);
    root.put("recipe", recipe);
    root.put("model", model);
    root.put("model-digest", modelDigest);
    root.put("seed", seed);
    root.put("examples", examples);
    root.put("counted", counted);
    ArrayNode heads = root.putArray("retrieval-heads");
    retrievalHeads.forEach(head -> heads.add(head.toString()));
    ArrayNode layers = root.putArray("scores");
    for (List<Double> layer : scores) {
      ArrayNode row = layers.addArray();
      layer.forEach(score -> row.add(Math.round(score * 10_000) / 10_000.0));
    }
    return JsonMapper.shared().writerWithDefaultPrettyPrinter().writeValueAsString(root) + "\n";
  }

  /** Writes the file, whole or not at all. */
  void write(Path file) {
    Path target = file.toAbsolutePath();
    Path unfinished = target.resolveSibling(target.getFileName() + ".new");
    try {
      Files.createDirectories(unfinished.getParent());
      Files.writeString(unfinished, json());
      Files.move(unfinished, target, StandardCopyOption.REPLACE_EXISTING);
    } catch (IOException e) {
      throw new UncheckedIOException("cannot write " + target + " (" + e.getMessage() + ")", e);
    }
  }

  /**
   * @throws IllegalArgumentException if it can not be read, or is no such file; the message names
   *     it
   */
  public static HeadsFile read(Path file) {
    try {
      JsonNode root = JsonMapper.shared().readTree(Files.readString(file));
      if (root.path("format").asInt(0) != FORMAT) {
        throw bad(file, "is not of format " + FORMAT + ", which './ltri heads' writes");
      }
      if (!root.path("retrieval-heads").isArray()) {
        throw bad(file, "lacks the list retrieval-heads");
      }
      List<Head> heads = new ArrayList<>();
      for (JsonNode name : root.path("retrieval-heads")) {
        Matcher parts = HEAD.matcher(name.asString(""));
        if (!parts.matches()) {
          throw bad(file, "names a head " + name + "; one is named LAYER.HEAD, as \"12.3\"");
        }
        heads.add(new Head(Integer.parseInt(parts.group(1)), Integer.parseInt(parts.group(2))));
      }
      List<List<Double>> scores = new ArrayList<>();
      for (JsonNode row : root.path("scores")) {
        List<Double> layer = new ArrayList<>();
        for (JsonNode score : row) {
          layer.add(score.asDouble(0));
        }
        scores.add(List.copyOf(layer));
      }
      return new HeadsFile(
          root.path("recipe").asString(""),
          root.path("model").asString(""),
          root.path("model-digest").asString(""),
          root.path("seed").asLong(0),
          root.path("examples").asInt(0),
          root.path("counted").asInt(0),
          List.copyOf(heads),
          List.copyOf(scores));
    } catch (IOException e) {
      throw new IllegalArgumentException("heads-file " + file + " cannot be read: " + e, e);
    } catch (JacksonException e) {
      throw new IllegalArgumentException(
          "heads-file " + file + " is no JSON (" + e.getOriginalMessage() + ")", e);
    }
  }

  private static IllegalArgumentException bad(Path file, String problem) {
    return new IllegalArgumentException("heads-file " + file + " " + problem);
  }

  /**
   * @throws IllegalArgumentException if it was made with another model
   */
  public void requireModel(String digest) {
    if (!modelDigest.equals(digest)) {
      throw new IllegalArgumentException(
          "heads-file was made with another model (digest %s, the server runs %s): make it anew with './ltri heads MODEL'"
              .formatted(modelDigest, digest));
    }
  }
}
