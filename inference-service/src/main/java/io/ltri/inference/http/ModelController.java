package io.ltri.inference.http;

import io.ltri.inference.engine.LanguageModel;
import io.ltri.inference.model.template.Message;
import jakarta.servlet.http.HttpServletRequest;
import java.time.Instant;
import java.util.List;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RestController;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/** The model that runs, and its tokens. */
@RestController
class ModelController {
  private final LanguageModel model;
  private final Bodies bodies;
  private final JsonMapper mapper;
  private final long since = Instant.now().getEpochSecond();

  ModelController(LanguageModel model, Bodies bodies, JsonMapper mapper) {
    this.model = model;
    this.bodies = bodies;
    this.mapper = mapper;
  }

  @GetMapping("/v1/models")
  ObjectNode models() {
    ObjectNode list = mapper.createObjectNode().put("object", "list");
    list.putArray("data").add(describe());
    return list;
  }

  @GetMapping("/v1/models/{*name}")
  ObjectNode model(@PathVariable String name) {
    String wanted = name.substring(1);
    if (!wanted.equals(model.name())) {
      throw new ApiException(
          404,
          "model_not_found",
          "model",
          "The model '" + wanted + "' does not run here: the model is '" + model.name() + "'.");
    }
    return describe();
  }

  private ObjectNode describe() {
    return mapper
        .createObjectNode()
        .put("id", model.name())
        .put("object", "model")
        .put("created", since)
        .put("owned_by", "ltri")
        .put("max_model_len", model.trainedLength());
  }

  /** The tokens of a text as they are, or of a conversation under the model's template. */
  @PostMapping({"/tokenize", "/v1/tokenize"})
  ObjectNode tokenize(HttpServletRequest request) {
    Fields body = bodies.read(request);
    int[] ids;
    if (body.has("messages")) {
      List<Message> messages = Asked.messages(body);
      ids = model.prompt(messages);
    } else {
      ids =
          model
              .tokenizer()
              .encodeText(
                  body.optionalString("prompt")
                      .or(() -> body.optionalString("content"))
                      .orElseThrow(() -> ApiException.missing("prompt")));
    }
    ObjectNode answer = mapper.createObjectNode();
    answer.put("count", ids.length).put("max_model_len", model.trainedLength());
    ArrayNode tokens = answer.putArray("tokens");
    for (int id : ids) {
      tokens.add(id);
    }
    return answer;
  }

  /** The text of tokens; special ones appear as they are spelt. */
  @PostMapping({"/detokenize", "/v1/detokenize"})
  ObjectNode detokenize(HttpServletRequest request) {
    Fields body = bodies.read(request);
    JsonNode tokens = body.any("tokens");
    if (tokens == null) {
      throw ApiException.missing("tokens");
    }
    if (!tokens.isArray()) {
      throw ApiException.wrongType("tokens", "an array of integers", Fields.kind(tokens));
    }
    int most = model.tokenizer().vocabularySize() - 1;
    int[] ids = new int[tokens.size()];
    for (int i = 0; i < ids.length; i++) {
      ids[i] = (int) Fields.integer(tokens.get(i), "tokens[" + i + "]", 0, most);
    }
    String text = model.tokenizer().decode(ids);
    return mapper.createObjectNode().put("prompt", text).put("content", text);
  }
}
