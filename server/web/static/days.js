// Puts a calendar beside each field for a day. Without it the day is typed, in words or digits.
for (const field of document.querySelectorAll("input[data-day]")) {
  const calendar = document.createElement("input");
  calendar.type = "date";
  calendar.className = "calendar";
  calendar.min = field.dataset.day;
  calendar.setAttribute("aria-label", "从日历里选");
  calendar.addEventListener("change", () => {
    if (calendar.value) field.value = calendar.value;
  });
  field.after(calendar);
}
