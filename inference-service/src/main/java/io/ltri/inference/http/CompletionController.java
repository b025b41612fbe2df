package io.ltri.inference.http;

import io.ltri.inference.engine.Generator;
import io.ltri.inference.engine.LanguageModel;
import io.ltri.inference.model.template.Message;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RestController;
import tools.jackson.databind.JsonNode;

/** OpenAI's chat and plain completions. */
@RestController
class CompletionController {
  private static final int MOST_PROMPTS = 16;

  private final Bodies bodies;
  private final Completions completions;
  private final LanguageModel model;

  CompletionController(Bodies bodies, Completions completions, LanguageModel model) {
    this.bodies = bodies;
    this.completions = completions;
    this.model = model;
  }

  @PostMapping("/v1/chat/completions")
  void chat(HttpServletRequest request, HttpServletResponse response) throws IOException {
    Fields body = bodies.read(request);
    List<Message> messages = Asked.messages(body);
    int top = body.integer("top_logprobs", 0, 0, Generator.MOST_ALTERNATIVES);
    boolean own = body.flag("logprobs", false);
    if (top > 0 && !own) {
      throw ApiException.wrongValue("top_logprobs", "'top_logprobs' needs 'logprobs' to be true.");
    }
    completions.run(
        Shape.CHAT,
        Asked.of(body, own ? top : -1),
        List.of(new Completions.Prompt(messages, null)),
        request,
        response);
  }

  @PostMapping("/v1/completions")
  void complete(HttpServletRequest request, HttpServletResponse response) throws IOException {
    Fields body = bodies.read(request);
    int top =
        body.has("logprobs") ? body.integer("logprobs", 0, 0, Generator.MOST_ALTERNATIVES) : -1;
    completions.run(Shape.TEXT, Asked.of(body, top), prompts(body), request, response);
  }

  /** A text, texts, token ids, or lists of token ids. */
  private List<Completions.Prompt> prompts(Fields body) {
    JsonNode prompt = body.any("prompt");
    if (prompt == null) {
      throw ApiException.missing("prompt");
    }
    if (prompt.isString()) {
      return List.of(prompt(prompt.stringValue()));
    }
    if (!prompt.isArray() || prompt.isEmpty()) {
      throw ApiException.wrongType(
          "prompt", "a string or an array that is not empty", Fields.kind(prompt));
    }
    if (prompt.get(0).isNumber()) {
      return List.of(new Completions.Prompt(List.of(), ids(prompt, "prompt")));
    }
    if (prompt.size() > MOST_PROMPTS) {
      throw ApiException.wrongValue("prompt", "'prompt' has more than " + MOST_PROMPTS + " texts.");
    }
    List<Completions.Prompt> prompts = new ArrayList<>();
    for (int i = 0; i < prompt.size(); i++) {
      JsonNode one = prompt.get(i);
      String param = "prompt[" + i + "]";
      if (one.isString()) {
        prompts.add(prompt(one.stringValue()));
      } else if (one.isArray()) {
        prompts.add(new Completions.Prompt(List.of(), ids(one, param)));
      } else {
        throw ApiException.wrongType(param, "a string or an array of integers", Fields.kind(one));
      }
    }
    return prompts;
  }

  private Completions.Prompt prompt(String text) {
    return new Completions.Prompt(List.of(), model.tokenizer().encodeText(text));
  }

  static int[] ids(JsonNode array, String param) {
    int[] ids = new int[array.size()];
    for (int i = 0; i < ids.length; i++) {
      ids[i] = (int) Fields.integer(array.get(i), param + "[" + i + "]", 0, Integer.MAX_VALUE);
    }
    return ids;
  }
}
