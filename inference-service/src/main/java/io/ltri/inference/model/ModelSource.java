package io.ltri.inference.model;

import io.ltri.inference.tensor.WeightSource;
import java.nio.file.Path;
import java.util.Optional;

/**
 * An opened model: its configuration, its weights over memory maps, and where its tokenizer is.
 *
 * <p>Owns the maps: after {@link #close()} the weights can no longer be read. May be used by many
 * threads at once; closing while another thread reads makes one of the two fail with an {@link
 * IllegalStateException}.
 */
public sealed interface ModelSource extends AutoCloseable permits HuggingFaceModel, GgufModel {

  /** The name of the folder or, without its ending, of the file. */
  String name();

  ModelConfig config();

  /** Everything that {@link #config()} needs is there, with the right shape. */
  WeightSource weights();

  /**
   * SHA-256, in hexadecimal, over the weight file: what {@code sha256sum} prints. With several
   * files, over each one's name, a zero byte, its length as 8 little-endian bytes and its contents,
   * in the order of their names. Reads all of them at the first call.
   */
  String weightsDigest();

  /** The {@code tokenizer.json} of a Hugging Face folder. */
  Optional<Path> tokenizerJson();

  /** The {@code tokenizer_config.json} of a Hugging Face folder. */
  Optional<Path> tokenizerConfig();

  /** The {@code chat_template.jinja} of a Hugging Face folder. */
  Optional<Path> chatTemplate();

  /** The tokenizer of a GGUF file. */
  Optional<GgufVocabulary> vocabulary();

  @Override
  void close();
}
