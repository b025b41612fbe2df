package io.ltri.inference.engine;

import io.ltri.inference.attention.SequenceMemory;
import io.ltri.inference.model.ModelConfig;
import io.ltri.inference.model.ModelFiles;
import io.ltri.inference.model.ModelSource;
import io.ltri.inference.model.template.Message;
import io.ltri.inference.model.tokenizer.Tokenizer;
import io.ltri.inference.tensor.Decoder;
import io.ltri.inference.tensor.DecoderSettings;
import io.ltri.inference.tensor.Step;
import io.ltri.inference.tensor.StepPart;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.BitSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;

/** A model, loaded: decoder, tokenizer, chat template, and what identifies it. */
public final class LanguageModel implements AutoCloseable {
  /** Of the identity: the rendered template before a document. */
  static final String TEMPLATE_FIELD = "template-prefix";

  private final String name;
  private final String weightsDigest;
  private final ModelConfig config;
  private final DecoderSettings settings;
  private final Decoder decoder;
  private final Tokenizer tokenizer;
  private final ChatPrompts prompts;
  private final Set<Integer> stopTokens;

  /** Empty until they are asked for. */
  private final BitSet sentenceEnds = new BitSet();

  private LanguageModel(
      ModelSource source,
      DecoderSettings settings,
      Decoder decoder,
      Tokenizer tokenizer,
      ModelTexts.Chat chat) {
    this.name = source.name();
    this.config = source.config();
    this.settings = settings;
    this.weightsDigest = source.weightsDigest();
    this.tokenizer = tokenizer;
    this.prompts = new ChatPrompts(tokenizer, chat.template(), chat.variables());
    this.stopTokens = StopTokens.of(config, tokenizer);
    this.decoder = decoder;
  }

  /**
   * Loads a model.
   *
   * @param path a GGUF file or a folder with safetensors
   * @throws RuntimeException naming the file and what is wrong with it
   */
  public static LanguageModel open(Path path, DecoderSettings settings) {
    try (ModelSource source = ModelFiles.open(path);
        Opening<Tokenizer> tokenizer = new Opening<>(() -> ModelTexts.tokenizer(source))) {
      // In this thread, for the tensor library keeps workers for the thread that calls it.
      Decoder decoder = Decoder.load(source.config().shape(), source.weights(), settings);
      try {
        LanguageModel model =
            new LanguageModel(source, settings, decoder, tokenizer.get(), ModelTexts.chat(source));
        tokenizer.keep();
        return model;
      } catch (RuntimeException e) {
        decoder.close();
        throw e;
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  public String name() {
    return name;
  }

  public String weightsDigest() {
    return weightsDigest;
  }

  public int trainedLength() {
    return config.trainedLength();
  }

  public Decoder decoder() {
    return decoder;
  }

  public Tokenizer tokenizer() {
    return tokenizer;
  }

  /** Tokens that end an answer. */
  public Set<Integer> stopTokens() {
    return stopTokens;
  }

  public String device() {
    return settings.device();
  }

  public String precision() {
    return settings.precision().name().toLowerCase(Locale.ROOT);
  }

  /** Bytes of the weights that a decode step reads, as it holds them. */
  public long stepWeightBytes() {
    return decoder.stepWeightBytes();
  }

  String readWith() {
    return precision() + " on " + device();
  }

  /** What of the model determines a document's content. */
  Map<String, String> identity(String system) {
    return Map.of(
        "model",
        weightsDigest,
        "model-config",
        Identity.sha256(config.toString().getBytes(StandardCharsets.UTF_8)),
        "tokenizer",
        tokenizer.digest(),
        TEMPLATE_FIELD,
        Identity.sha256(prompts.documentPrefixText(system).getBytes(StandardCharsets.UTF_8)));
  }

  /** Tokens before a document. */
  public int[] documentPrefix(String system) {
    return tokenizer.encodeTemplate(prompts.documentPrefixText(system));
  }

  /** Tokens of a whole conversation, up to where the answer begins. */
  public int[] prompt(List<Message> messages) {
    return prompts.conversation(messages);
  }

  /**
   * Tokens of a conversation after a document.
   *
   * @param messages the first is the user's; its content follows the document immediately
   */
  public int[] promptAfterDocument(List<Message> messages) {
    return prompts.afterDocument(messages);
  }

  /**
   * One chunk or one token through all layers. For the compute thread.
   *
   * @param tokens those that follow the memory's text
   * @param logits are they wanted?
   * @return [vocabulary], of the last token; empty if not wanted
   */
  public float[] pass(SequenceMemory memory, int[] tokens, boolean logits) {
    StepPart whole = StepPart.start();
    try (Step step = decoder.begin(tokens)) {
      memory.forward(step);
      return logits ? step.logits() : new float[0];
    } finally {
      whole.end("step", -1, tokens.length);
    }
  }

  /**
   * How probable the model finds the tokens of a text. For the compute thread.
   *
   * @param tokens those that follow the memory's text; afterwards the memory ends with them
   * @param next the token that follows them; negative: none is known
   * @return natural logarithm of the probability of {@code tokens[1]}, {@code tokens[2]}, ... and
   *     {@code next}, each given all before it; as many as tokens, or one fewer without next. The
   *     first token's own is the {@code next} of the call before.
   */
  public float[] logProbabilities(SequenceMemory memory, int[] tokens, int next) {
    int[] following = Arrays.copyOfRange(tokens, 1, tokens.length + (next < 0 ? 0 : 1));
    if (next >= 0) {
      following[tokens.length - 1] = next;
    }
    try (Step step = decoder.begin(tokens)) {
      memory.forward(step);
      return step.logProbabilities(following);
    }
  }

  /** The tokens that end a sentence. Any thread. */
  public BitSet sentenceEnds() {
    synchronized (sentenceEnds) {
      if (sentenceEnds.isEmpty()) {
        sentenceEnds.or(SentenceEnds.of(tokenizer));
      }
      return (BitSet) sentenceEnds.clone();
    }
  }

  @Override
  public void close() {
    decoder.close();
    tokenizer.close();
  }
}
