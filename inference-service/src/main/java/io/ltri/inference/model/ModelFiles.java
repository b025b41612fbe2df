package io.ltri.inference.model;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

/** Opens a model from whatever a path leads to. */
public final class ModelFiles {

  private ModelFiles() {}

  /**
   * Opens a Hugging Face folder, a GGUF file, or a folder that holds one GGUF file.
   *
   * @throws ModelFileException if the model is damaged, incomplete or of a kind that is not
   *     supported
   */
  public static ModelSource open(Path path) {
    if (Files.isRegularFile(path)) {
      if (!String.valueOf(path.getFileName()).endsWith(GgufModel.ENDING)) {
        throw new ModelFileException(
            path, "file", "is no model; give a .gguf file, or the folder of a Hugging Face model");
      }
      return GgufModel.open(path);
    }
    if (!Files.isDirectory(path)) {
      throw new ModelFileException(
          path, "file", Files.exists(path) ? "is neither a file nor a folder" : "does not exist");
    }
    List<Path> ggufs = ggufs(path);
    boolean safetensors =
        Files.exists(path.resolve(HuggingFaceModel.SINGLE))
            || Files.exists(path.resolve(HuggingFaceModel.INDEX));
    // Some folders of GGUF files carry the configuration of the original along.
    if (Files.exists(path.resolve(HuggingFaceModel.CONFIG)) && (safetensors || ggufs.isEmpty())) {
      return HuggingFaceModel.open(path);
    }
    if (ggufs.size() == 1) {
      return GgufModel.open(ggufs.getFirst());
    }
    throw new ModelFileException(
        path,
        "folder",
        ggufs.isEmpty()
            ? "holds neither a " + HuggingFaceModel.CONFIG + " nor a .gguf file"
            : "holds " + ggufs.size() + " .gguf files; give the path of one of them");
  }

  private static List<Path> ggufs(Path folder) {
    try (Stream<Path> files = Files.list(folder)) {
      return files
          .filter(file -> String.valueOf(file.getFileName()).endsWith(GgufModel.ENDING))
          .filter(Files::isRegularFile)
          .sorted()
          .toList();
    } catch (IOException e) {
      throw new ModelFileException(
          folder, "folder", "cannot be listed (" + e.getMessage() + ")", e);
    }
  }
}
