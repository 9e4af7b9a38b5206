# The filter of the S3 Event Bridge's own README: reduce once every input is matched by an output.
group_by(.Key | split("/") | .[:-1]) | all(
  any(.Key | split("/") | .[-1] == "input.txt") and
  any(.Key | split("/") | .[-1] == "output.txt")
)
