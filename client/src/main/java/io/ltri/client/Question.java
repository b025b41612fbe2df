package io.ltri.client;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * What to answer, and how.
 *
 * @param documentId handle; empty: a known document with which the prompt begins is used
 *     automatically
 * @param messages the conversation; with a document, that after it, the first being the user's
 * @param sampling how tokens are chosen
 * @param maxTokens 0: until a stop token or the server's most
 * @param stop the answer ends before the first of these
 * @param deadline for the whole answer, which is then cut
 * @param policy as for a document ({@link NewDocument}); empty: the server's
 * @param budgetTokens retrieved per layer and step; 0: the server's
 * @param logProbabilities whether to return that of each token
 * @param topLogProbabilities so many of the most probable tokens are returned with each token, at
 *     most 20; needs the former
 * @param reuse whether a known document with which the prompt begins may be used
 * @param keep how long the conversation is kept for its next turn, from its last use; zero: not
 * @param tenant whose documents may be used, and who owns what is kept; empty: nobody in particular
 * @param onIndexFailure what becomes of the answer when the index fails in the middle of it: {@code
 *     degrade} (it goes on with what is there, counted), {@code recompute} (the text is computed
 *     again if it is short enough) or {@code fail}; empty: the server's
 * @param sources how many spans of the document are wanted that the answer looked at most; 0: none
 */
public record Question(
    String documentId,
    List<Message> messages,
    Sampling sampling,
    int maxTokens,
    List<String> stop,
    Optional<Duration> deadline,
    String policy,
    int budgetTokens,
    boolean logProbabilities,
    int topLogProbabilities,
    boolean reuse,
    Duration keep,
    String tenant,
    String onIndexFailure,
    int sources) {

  public Question {
    messages = List.copyOf(messages);
    stop = List.copyOf(stop);
  }

  /** A question with the server's defaults. */
  public static Question of(String text) {
    return builder().message(Message.user(text)).build();
  }

  /** A question about a document, with the server's defaults. */
  public static Question about(String documentId, String text) {
    return builder().documentId(documentId).message(Message.user(text)).build();
  }

  public static Builder builder() {
    return new Builder();
  }

  /** Collects the parts of a question; for one thread. */
  public static final class Builder {
    private String documentId = "";
    private final List<Message> messages = new ArrayList<>();
    private Sampling sampling = Sampling.GREEDY;
    private int maxTokens;
    private final List<String> stop = new ArrayList<>();
    private Optional<Duration> deadline = Optional.empty();
    private String policy = "";
    private int budgetTokens;
    private boolean logProbabilities;
    private int topLogProbabilities;
    private boolean reuse = true;
    private Duration keep = Duration.ZERO;
    private String tenant = "";
    private String onIndexFailure = "";
    private int sources;

    private Builder() {}

    public Builder documentId(String id) {
      documentId = id;
      return this;
    }

    public Builder message(Message message) {
      messages.add(message);
      return this;
    }

    public Builder messages(List<Message> more) {
      messages.addAll(more);
      return this;
    }

    public Builder sampling(Sampling value) {
      sampling = value;
      return this;
    }

    public Builder maxTokens(int value) {
      maxTokens = value;
      return this;
    }

    public Builder stop(List<String> texts) {
      stop.addAll(texts);
      return this;
    }

    public Builder deadline(Duration value) {
      deadline = Optional.of(value);
      return this;
    }

    public Builder policy(String value) {
      policy = value;
      return this;
    }

    public Builder budgetTokens(int value) {
      budgetTokens = value;
      return this;
    }

    public Builder logProbabilities(boolean value) {
      logProbabilities = value;
      return this;
    }

    /** Asks for the log-probability of each token, too. */
    public Builder topLogProbabilities(int value) {
      topLogProbabilities = value;
      logProbabilities |= value > 0;
      return this;
    }

    public Builder reuse(boolean value) {
      reuse = value;
      return this;
    }

    public Builder keep(Duration value) {
      keep = value;
      return this;
    }

    public Builder tenant(String value) {
      tenant = value;
      return this;
    }

    public Builder onIndexFailure(String value) {
      onIndexFailure = value;
      return this;
    }

    public Builder sources(int value) {
      sources = value;
      return this;
    }

    public Question build() {
      return new Question(
          documentId,
          messages,
          sampling,
          maxTokens,
          stop,
          deadline,
          policy,
          budgetTokens,
          logProbabilities,
          topLogProbabilities,
          reuse,
          keep,
          tenant,
          onIndexFailure,
          sources);
    }
  }
}
