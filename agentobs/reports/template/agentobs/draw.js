for (const place of document.querySelectorAll("div.figure")) {
  const figure = JSON.parse(place.firstElementChild.textContent);
  place.replaceChildren();
  Plotly.newPlot(place, figure.data, figure.layout, {responsive: true, displaylogo: false, showSendToCloud: false, modeBarButtonsToRemove: ["select2d", "lasso2d", "autoScale2d"]});
}
